//! Another region, account or profile, at every moment of a release: never a false success, and nothing changes there.

use onebox_release::{AlarmState, Place, Routing};

use crate::{FUNCTIONS, PATIENT, World, ended, finished, now, signal};

/// What is wrong about where AWS is looked for.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    Region,
    Account,
    Profile,
}

/// When the driver is gone.
#[derive(Clone, Copy, Debug)]
enum Moment {
    Before,
    During,
    After,
    Bake,
}

const VERBS: [&str; 5] = ["start", "resume", "abort", "promote", "status"];

fn other(wrong: Wrong) -> Place {
    match wrong {
        Wrong::Region => Place::new("us-east-1", "123456789012"),
        Wrong::Account => Place::new("eu-west-1", "999999999999"),
        Wrong::Profile => Place::new("us-east-1", "999999999999"),
    }
}

/// The same functions, aliases and alarms in another place.
fn with_twin(plan: &str, wrong: Wrong) -> World {
    let world = World::with(plan);
    world.server.with_place(&other(wrong), |plane| {
        for function in FUNCTIONS {
            plane.function(function, 7, now());
            plane.alias(function, "live", &Routing::wholly("6")).unwrap();
        }
        plane.set_alarm("web-5xx", AlarmState::Ok, now());
        plane.take_moves();
    });
    world.write(
        "aws-config",
        "[profile other]\nregion = us-east-1\naws_access_key_id = AKIA999999999999\naws_secret_access_key = other\n",
    );
    world
}

/// A release whose driver was killed at this moment.
fn left(moment: Moment, wrong: Wrong) -> World {
    let plan = match moment {
        // Nothing is moved yet: the hook takes its time.
        Moment::Before => PATIENT.replace("strategy", "before = \"smoke\"\nstrategy"),
        Moment::During => PATIENT.to_owned(),
        Moment::After | Moment::Bake => {
            let plan = PATIENT.replace("strategy = { steps = [{ percent = 10, approval = true }] }\n", "");
            plan.replace("\"200ms\"", "\"60s\"")
        }
    };
    let plan = plan.replace("[release]\n", "[release]\naccount = \"123456789012\"\nregion = \"eu-west-1\"\n");
    let world = with_twin(&plan, wrong);
    if matches!(moment, Moment::Before) {
        world.server.set_latency(std::time::Duration::from_millis(300));
        world.server.with(|plane| plane.script("smoke", onebox_sim::control::Script::passes()));
    }
    let child = world.spawn(&["release", "start"]);
    let seen = match moment {
        Moment::Before => "hooks before traffic",
        Moment::During => "10 % on version 7",
        Moment::After => "100 % on version 7",
        Moment::Bake => "final bake",
    };
    world.until("its record", |world| world.journal_text("patient").contains(seen));
    signal(&child, "KILL");
    finished(child);
    world.server.set_latency(std::time::Duration::ZERO);
    world
}

#[test]
fn no_false_success_and_no_change_in_another_place() {
    println!("{:8}  {:7}  {:7}  exit  says", "wrong", "verb", "moment");
    std::thread::scope(|threads| {
        for wrong in [Wrong::Region, Wrong::Account, Wrong::Profile] {
            threads.spawn(move || {
                for moment in [Moment::Before, Moment::During, Moment::After, Moment::Bake] {
                    let world = left(moment, wrong);
                    for verb in VERBS {
                        one(&world, wrong, moment, verb);
                    }
                    // In the right place it is put back all the same.
                    let done = world.run(&["release", "abort", "--id", "patient"]);
                    done.is(1, &["rolled back"]);
                    assert_eq!(world.routing("orders"), Routing::wholly("6"), "{wrong:?} {moment:?}");
                }
            });
        }
    });
}

fn one(world: &World, wrong: Wrong, moment: Moment, verb: &str) {
    let (before, journal) = (world.routing("orders"), world.journal_text("patient"));
    let mut args = vec!["release", verb];
    match verb {
        // Another release of the same alias, in a journal of its own.
        "start" => args.extend(["--journal", "elsewhere"]),
        "promote" => args.extend(["--because", "go"]),
        _ => {}
    }
    let mut command = world.command(&args);
    let place = other(wrong);
    match wrong {
        Wrong::Region if verb != "status" => {
            command.args(["--region", &place.region]);
        }
        Wrong::Account => {
            command.env("AWS_ACCESS_KEY_ID", format!("AKIA{}", place.account));
        }
        Wrong::Profile if verb != "status" => {
            command.args(["--profile", "other"]).env("AWS_CONFIG_FILE", world.path("aws-config"));
            command.env_remove("AWS_REGION");
        }
        _ => {}
    }
    let done = ended(&mut command);
    let context = format!("{wrong:?} {moment:?} {verb}: {done:#?}");
    let said = [&*done.err, &*done.out].concat();
    let line = said.lines().find(|line| line.starts_with("error")).unwrap_or_else(|| said.lines().next().unwrap_or(""));
    let line: String = line.chars().take(150).collect();
    println!(
        "{:8}  {verb:7}  {:7}  {:4}  {line}",
        format!("{wrong:?}"),
        format!("{moment:?}"),
        done.code.unwrap_or(-1)
    );
    let read_only = verb == "status";
    assert_eq!(done.code == Some(0), read_only, "{context}");
    assert!(!said.contains("rolled back:") && !said.contains("released:"), "{context}");
    // What is begun with that profile finds nothing in the plan's region.
    let finds_nothing = matches!((wrong, verb), (Wrong::Profile, "start"));
    if !read_only && !finds_nothing {
        let expected = if matches!(wrong, Wrong::Region) { "us-east-1" } else { "999999999999" };
        let ours = if matches!(wrong, Wrong::Region) { "eu-west-1" } else { "123456789012" };
        assert!(said.contains(expected) && said.contains(ours), "{context}");
    }
    assert!(world.server.with_place(&place, onebox_sim::control::ControlPlane::take_moves).is_empty(), "{context}");
    assert_eq!(world.routing("orders"), before, "{context}");
    assert_eq!(world.journal_text("patient"), journal, "{context}");
}

/// The region that was found in the environment has to be found there again.
#[test]
fn a_region_of_the_environment_that_differs_is_refused_with_both_names() {
    let world = with_twin(PATIENT, Wrong::Region);
    let child = world.spawn(&["release", "start"]);
    world.until_shifted("orders");
    world.until("its record", |world| world.journal_text("patient").contains("10 % on version 7"));
    signal(&child, "KILL");
    finished(child);
    let mut command = world.command(&["release", "abort"]);
    command.env("AWS_REGION", "us-east-1");
    ended(&mut command).is(64, &["runs in eu-west-1", "us-east-1", "--region eu-west-1"]);
    let mut command = world.command(&["release", "abort", "--region", "eu-west-1"]);
    command.env("AWS_REGION", "us-east-1");
    ended(&mut command).is(1, &["rolled back"]);
    assert_eq!(world.routing("orders"), Routing::wholly("6"));
}

/// A journal that was deleted under its driver: nothing more is done that is not written down.
#[test]
fn a_deleted_journal_is_noticed_at_the_next_record() {
    for replaced in [false, true] {
        let world = World::with(PATIENT);
        let child = world.spawn(&["release", "start"]);
        world.until_shifted("orders");
        world.until("its record", |world| world.journal_text("patient").contains("10 % on version 7"));
        let journal = world.journal("patient");
        if replaced {
            let text = std::fs::read(&journal).unwrap();
            std::fs::remove_file(&journal).unwrap();
            std::fs::write(&journal, text).unwrap();
        } else {
            std::fs::remove_dir_all(world.path(".onebox")).unwrap();
        }
        world.alarm("web-5xx", AlarmState::Alarm);
        finished(child).is(2, &["was deleted, replaced or changed while the release runs"]);
    }
}

#[cfg(unix)]
#[test]
fn no_file_of_others_is_overwritten_and_no_link_followed() {
    let world = World::with(PATIENT);
    std::fs::create_dir_all(world.path(".onebox/patient")).unwrap();
    world.write("precious", "");
    std::os::unix::fs::symlink(world.path("precious"), world.journal("patient")).unwrap();
    world.run(&["release", "start"]).is(2, &["no regular file of onebox"]);
    assert_eq!(std::fs::read(world.path("precious")).unwrap(), b"");
    std::fs::remove_file(world.journal("patient")).unwrap();
    std::fs::write(world.journal("patient"), "my notes").unwrap();
    world.run(&["release", "start"]).is(2, &["it is no journal of onebox"]);
    assert_eq!(world.journal_text("patient"), "my notes");
}
