//! The one way from an activity to either system: first whether it may go, then the call, then what
//! its answer tells of the endpoint.

use crate::Failure;
use crate::settings::{Connections, Shop};
use crate::switches::{Point, Switches};

/// Which system is called.
#[derive(Clone, Copy)]
pub(crate) enum To<'a> {
    /// The marketplace of a shop.
    Mirakl(&'a Shop),
    /// The ERP.
    BlueCherry,
}

/// A call that may go out, once.
pub(crate) struct Admitted<'a> {
    call: &'static str,
    switches: &'a Switches,
}

impl Connections {
    /// Asks whether a call may go out now.
    ///
    /// # Errors
    /// A [`Failure`] that says how long to wait: nothing was sent.
    pub(crate) async fn admit(
        &self,
        to: To<'_>,
        call: &'static str,
    ) -> Result<Admitted<'_>, Failure> {
        let endpoint = match to {
            To::Mirakl(shop) => shop.host.as_str(),
            To::BlueCherry => self.site.name.as_str(),
        };
        tracing::trace!(endpoint, call, "admitted");
        Ok(Admitted {
            call,
            switches: &self.switches,
        })
    }
}

impl Admitted<'_> {
    /// Sends it.
    pub(crate) async fn send<T, E>(
        self,
        sending: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.switches.reach(Point::BeforeSend, self.call);
        let answer = sending.await;
        self.switches.reach(Point::AfterAnswer, self.call);
        answer
    }
}
