//! Which accounts the installation can publish to: those whose channel knows it by a client of the operator's. Read from
//! the settings of both processes; pure.

use std::collections::BTreeSet;

use super::{Channel, Login};

/// Channels for which the operator has set a client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configured(BTreeSet<Channel>);

impl Configured {
    /// From the channels that have a client.
    pub fn new(clients: impl IntoIterator<Item = Channel>) -> Self {
        Self(clients.into_iter().collect())
    }

    /// Whether there is a client for the accounts of a channel that are connected by this login.
    pub fn has_client(&self, channel: Channel, login: Option<Login>) -> bool {
        self.0.contains(&client_channel(channel, login))
    }

    /// Whether there is a client for any account of a channel.
    pub fn has_any_client(&self, channel: Channel) -> bool {
        self.has_client(channel, None) || self.has_client(channel, Some(Login::Facebook))
    }
}

/// The channel whose client stands for the installation: Instagram accounts that are connected by Facebook use the one
/// of Facebook.
pub const fn client_channel(channel: Channel, login: Option<Login>) -> Channel {
    match (channel, login) {
        (Channel::Instagram, Some(Login::Facebook)) => Channel::Facebook,
        _ => channel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instagram_account_needs_the_client_of_its_login() {
        let both = [None, Some(Login::Instagram), Some(Login::Facebook)];
        let has = |clients: &[Channel]| {
            let configured = Configured::new(clients.iter().copied());
            (
                both.map(|login| configured.has_client(Channel::Instagram, login)),
                configured.has_any_client(Channel::Instagram),
            )
        };

        assert_eq!(has(&[]), ([false; 3], false));
        assert_eq!(has(&[Channel::Instagram]), ([true, true, false], true));
        assert_eq!(has(&[Channel::Facebook]), ([false, false, true], true));
        assert_eq!(has(&[Channel::Facebook, Channel::Instagram]), ([true; 3], true));
        let facebook = Configured::new([Channel::Facebook]);
        assert!(facebook.has_any_client(Channel::Facebook) && !facebook.has_any_client(Channel::Tiktok));
    }
}
