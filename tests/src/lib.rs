//! The proving ground: private services, a scripted world, actors.
