use crate::Desk;

#[test]
fn what_init_writes_is_what_check_accepts() {
    let desk = Desk::empty();
    let done = desk.run(&["init"]);
    assert_eq!((done.code, &*done.err), (Some(0), ""));
    assert_eq!(done.out, "onebox.toml is written. Next: put in your two domains, then run `onebox check`.\n");
    let done = desk.run(&["check"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.out.contains("  pin       __Host-onebox, unsigned, for 7d\n"), "{}", done.out);
    // The one thing that init cannot know is a secret: nothing is wrong without one.
    let (place, said) = done.err.split_once("pin: is not signed: ").unwrap_or_else(|| panic!("{done:?}"));
    assert!(place.starts_with("note: onebox.toml:") && said.lines().count() == 1, "{}", done.err);
}

#[test]
fn every_commented_setting_is_one_that_check_knows() {
    let desk = Desk::empty();
    desk.run(&["init"]);
    let text = String::from_utf8(desk.read("onebox.toml")).unwrap();
    // A setting that is commented out begins directly behind the "#".
    let is_setting = |line: &str| line.strip_prefix('#').is_some_and(|rest| !rest.is_empty() && !rest.starts_with(' '));
    assert_eq!(text.lines().filter(|line| is_setting(line)).count(), 21);
    // A fixed share and a schedule are one setting: the one in comments takes the other's place.
    let lines = text.lines().filter(|line| *line != "share = \"5%\"");
    let all: Vec<_> = lines
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if is_setting(line) || rest.starts_with("    {") => rest,
            _ => line,
        })
        .collect();
    desk.write("all.toml", all.join("\n").as_bytes());
    let done = desk.run(&["check", "--config", "all.toml", "--now", "2026-11-01T00:00:00Z"]);
    assert_eq!(done.code, Some(0), "{done:?}");
    // One setting needs a policy of the distribution, of which a configuration knows nothing.
    let warning =
        "partition.forward_host: reaches an origin only if a policy lists X-Forwarded-Host: the cache policy, ";
    assert!(done.err.lines().count() == 4 && done.err.contains(warning), "{done:?}");
    // And with all of them at once the function selects an origin that has settings of its own.
    assert_eq!(done.err.matches("is not told to the origin one-box").count(), 3, "{done:?}");
    for expected in [
        "https://one-box.example.com:443/release (Host: www.example.com)",
        "2026-11-20T14:00:00Z         20%  ████",
        "  pin       __Host-onebox, signed, for 7d\n",
        "  override  onebox-force\n",
        "  host      passed on in X-Forwarded-Host, if a policy forwards it\n",
        "  crawlers  bot, crawler, spider\n            but not CUBOT, M bot\n",
        "  function  sends requests of the one-box to the origin one-box\n",
        "  store     a1b2c3d4-5678-90ab-cdef-EXAMPLE11111, key onebox\n",
    ] {
        assert!(done.out.contains(expected), "{expected}: {}", done.out);
    }
}

#[test]
fn init_overwrites_only_when_told_to() {
    let desk = Desk::with("mine");
    let done = desk.run(&["init"]);
    assert_eq!(done.code, Some(64));
    assert_eq!(done.err, "error: onebox.toml is there already; `--force` overwrites it\n");
    assert_eq!(desk.read("onebox.toml"), b"mine");
    assert_eq!(desk.run(&["init", "--force"]).code, Some(0));
    assert_eq!(desk.run(&["check"]).code, Some(0));
}

#[test]
fn init_says_why_a_path_cannot_be_written() {
    let desk = Desk::empty();
    desk.write("folder/file", b"");
    for force in [&[][..], &["--force"]] {
        for path in ["folder", "missing/onebox.toml"] {
            let done = desk.run(&[&["init", path], force].concat());
            assert_eq!(done.code, Some(64), "{done:?}");
            assert!(done.err.starts_with(&format!("error: {path}")), "{}", done.err);
        }
    }
}
