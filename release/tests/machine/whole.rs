//! Whole releases in which nothing goes wrong.

use onebox_release::{Ending, Routing};

use crate::world::{World, plan};

#[test]
fn a_good_release_goes_to_its_end() {
    let mut world = World::new(plan(|_| {}));

    assert_eq!(world.start(), Ending::Released);
    assert_eq!(
        world.updates(),
        [
            (0, "orders: 10 % on 7".into()),
            (300, "orders: 7".into()),
            (300, "web-box: 7".into()),
            (360, "web: 7".into()),
        ]
    );
    for name in ["orders:live", "web-box:live", "web:live"] {
        assert_eq!(*world.on(name), Routing::wholly("7"));
    }
    assert_eq!(
        world.told(),
        [
            "the release begins",
            "preflight",
            "account 123456789012, region eu-west-1",
            "backends: shift",
            "orders:live: 10 % on version 7, the rest on 6",
            "orders:live: 100 % on version 7",
            "one-box: shift",
            "web-box:live: 100 % on version 7",
            "bake",
            "regular: shift",
            "web:live: 100 % on version 7",
            "final bake",
            "released: everything is on the new versions",
        ]
    );
}
