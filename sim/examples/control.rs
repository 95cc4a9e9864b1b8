//! Serves a control plane with a few functions, for a look with the AWS CLI.
//!
//! ```sh
//! cargo run -p onebox-sim --example control
//! AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local AWS_REGION=eu-west-1 \
//!     aws --endpoint-url http://127.0.0.1:PORT lambda get-alias --function-name orders --name live
//! ```

use jiff::Timestamp;
use onebox_release::{AlarmState, Routing};
use onebox_sim::{
    Clock,
    control::{ControlPlane, ControlServer},
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let clock = Clock::system();
    let now = Timestamp::try_from(clock.now())?;
    let mut plane = ControlPlane::default();
    for function in ["orders", "stock", "web"] {
        plane.function(function, 7, now);
        plane.alias(function, "live", &Routing::wholly("6"))?;
    }
    plane.set_alarm("web-5xx", AlarmState::Ok, now);
    plane.deployment_group("shop", "orders");
    let server = ControlServer::start(plane, clock).await?;
    println!("{}", server.url());
    std::future::pending().await
}
