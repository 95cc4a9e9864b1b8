use crate::Desk;

#[test]
fn what_init_writes_is_what_check_accepts() {
    let desk = Desk::empty();
    let done = desk.run(&["init"]);
    assert_eq!((done.code, &*done.err), (Some(0), ""));
    assert_eq!(done.out, "onebox.toml is written. Next: put in your two domains, then run `onebox check`.\n");
    let done = desk.run(&["check"]);
    assert_eq!((done.code, &*done.err), (Some(0), ""), "{done:?}");
}

#[test]
fn every_commented_setting_is_one_that_check_knows() {
    let desk = Desk::empty();
    desk.run(&["init"]);
    let text = String::from_utf8(desk.read("onebox.toml")).unwrap();
    // A setting that is commented out begins directly behind the "#".
    let is_setting = |line: &str| line.strip_prefix('#').is_some_and(|rest| rest.starts_with(char::is_alphabetic));
    assert_eq!(text.lines().filter(|line| is_setting(line)).count(), 6);
    let all: Vec<_> = text.lines().map(|line| if is_setting(line) { &line[1..] } else { line }).collect();
    desk.write("all.toml", all.join("\n").as_bytes());
    let done = desk.run(&["check", "--config", "all.toml"]);
    assert_eq!((done.code, &*done.err), (Some(0), ""), "{done:?}");
    assert!(done.out.contains("https://one-box.example.com:443/release (Host: www.example.com)"), "{}", done.out);
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
