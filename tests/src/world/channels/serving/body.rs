//! The body of an upload while it arrives. Nothing of it is kept in memory.

use http_body_util::BodyExt;
use hyper::body::Incoming;

use super::{Intake, Scene, Script};

/// How much of a body has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    /// All of it.
    Whole,
    /// As much as the script lets arrive.
    Cut,
    /// As much as the client sent before it broke off.
    Broken,
}

/// A body that arrives. If it is dropped before its end, the connection was closed.
struct Receipt<'a> {
    scene: &'a mut Scene,
    /// What has no effect leaves nothing behind either.
    nowhere: Option<Intake>,
    is_over: bool,
}

impl Scene {
    /// Takes the body in, as far as the script lets it come.
    pub(super) async fn receive(&mut self, script: &Script, body: Incoming) -> Arrival {
        if let Script::Keep(bytes) = script {
            self.route.intake.limit(*bytes);
        }
        let nowhere = script.executes_nothing().then(Intake::default);
        Receipt { scene: self, nowhere, is_over: false }.receive(script, body).await
    }
}

impl Receipt<'_> {
    async fn receive(mut self, script: &Script, mut body: Incoming) -> Arrival {
        let (mut cut, mut hold) = (None, None);
        match script {
            Script::CutAfter(bytes) => cut = Some(*bytes),
            Script::HoldAfter(bytes) => hold = Some(*bytes),
            _ => {}
        }
        loop {
            let size = self.intake().size;
            if hold.is_some_and(|bytes| size >= bytes) {
                hold = None;
                self.scene.hold().await;
            }
            if cut.is_some_and(|bytes| size >= bytes) {
                return Arrival::Cut;
            }
            let frame = match body.frame().await {
                None => break,
                Some(Ok(frame)) => frame,
                Some(Err(_)) => return Arrival::Broken,
            };
            let Some(bytes) = frame.data_ref() else { continue };
            let most = cut.map_or(u64::MAX, |cut| cut - size);
            let most = usize::try_from(most).unwrap_or(usize::MAX).min(bytes.len());
            self.intake().take(&bytes[..most]);
        }
        self.is_over = true;
        self.intake().is_whole = true;
        Arrival::Whole
    }

    fn intake(&mut self) -> &mut Intake {
        self.nowhere.as_mut().unwrap_or(&mut self.scene.route.intake)
    }
}

impl Drop for Receipt<'_> {
    fn drop(&mut self) {
        let size = self.intake().size;
        self.scene.running.set_bytes(size);
        if !self.is_over && self.nowhere.is_none() {
            self.scene.keep_part();
        }
    }
}
