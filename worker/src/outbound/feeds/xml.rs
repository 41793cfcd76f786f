//! Cuts an XML feed down to what is read of it, before feed-rs reads it. What is left out is what makes that parser
//! unsafe for feeds of strangers: it panics on some names of authors, and resolves each link against a base of any length.
//! Called by `reading`.

use quick_xml::{
    NsReader, Writer,
    escape::{resolve_predefined_entity, unescape},
    events::{BytesCData, BytesEnd, BytesRef, BytesStart, Event, attributes::Attribute},
    name::{Namespace, ResolveResult},
};

use super::{
    FeedFault,
    reading::{MAX_FIELD_BYTES, MAX_ITEMS_READ},
};

/// Fields that are kept of one item.
const MAX_FIELDS: usize = 32;

/// Longest attribute that is kept: an address.
const MAX_ATTRIBUTE_BYTES: usize = 2_048;

/// Longest base that is kept. Every relative link of the feed is as long as that at least.
const MAX_BASE_BYTES: usize = 512;

/// Namespaces whose elements may be fields: Atom, RSS 1.0, Dublin Core, Content.
const NAMESPACES: [&str; 4] = [
    "http://www.w3.org/2005/Atom",
    "http://purl.org/rss/1.0/",
    "http://purl.org/dc/elements/1.1/",
    "http://purl.org/rss/1.0/modules/content/",
];

const FIELDS: [&str; 12] = [
    "title",
    "link",
    "description",
    "summary",
    "content",
    "encoded",
    "id",
    "guid",
    "pubDate",
    "date",
    "updated",
    "published",
];

/// Where an element stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Root,
    Channel,
    Item,
    Field,
    /// Markup inside a field.
    Markup,
}

/// The feed as UTF-8 without declaration, with items and their fields only.
pub(super) fn reduce(text: &str) -> Result<Vec<u8>, FeedFault> {
    let mut reader = NsReader::from_str(text);
    let config = reader.config_mut();
    config.expand_empty_elements = true;
    config.allow_dangling_amp = true;
    let mut reducer = Reducer::new();
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|_| FeedFault::NotAFeed)?;
        let is_known = match namespace {
            ResolveResult::Unbound => true,
            ResolveResult::Bound(Namespace(name)) => NAMESPACES.contains(&name) || reducer.own.as_deref() == Some(name),
            // A prefix that is not declared. The parser would take its elements for the feed's own.
            ResolveResult::Unknown(_) => false,
        };
        match event {
            Event::Eof if reducer.is_whole() => return Ok(reducer.out.into_inner()),
            Event::Eof => return Err(FeedFault::NotAFeed),
            Event::DocType(kind) if kind.trim_start().to_ascii_lowercase().starts_with("html") => {
                return Err(FeedFault::WebPage);
            }
            Event::Start(start) => reducer.start(&start, is_known)?,
            Event::End(end) => reducer.end(&end)?,
            Event::Text(text) => reducer.text(&text),
            Event::CData(text) => reducer.text(&text),
            Event::GeneralRef(reference) => reducer.reference(&reference),
            _ => {}
        }
    }
}

struct Reducer {
    out: Writer<Vec<u8>>,
    open: Vec<Place>,
    /// Depth inside an element that is left out; 0 outside.
    left_out: usize,
    has_root: bool,
    items: usize,
    /// The default namespace of the root if it is another one, as some feeds of RSS 2.0 have it. It is left out: the parser
    /// skips elements of a namespace that it does not know.
    own: Option<String>,
    /// Of the item.
    fields: usize,
    /// Bytes that the field may still have.
    room: usize,
    /// Text of the field that is not written yet. One long text is read faster than one with many references.
    pending: String,
}

impl Reducer {
    fn new() -> Self {
        let out = Writer::new(Vec::new());
        let pending = String::new();
        Self { out, open: Vec::new(), left_out: 0, has_root: false, items: 0, own: None, fields: 0, room: 0, pending }
    }

    fn is_whole(&self) -> bool {
        self.has_root && self.open.is_empty() && self.left_out == 0
    }

    fn start(&mut self, start: &BytesStart, is_known: bool) -> Result<(), FeedFault> {
        let place = if self.left_out == 0 { self.place(start, is_known)? } else { None };
        let Some(place) = place else {
            self.left_out += 1;
            return Ok(());
        };
        self.open.push(place);
        self.write(Event::Start(reduce_tag(start, place)))
    }

    /// Where an element stands; `None` if it is left out.
    fn place(&mut self, start: &BytesStart, is_known: bool) -> Result<Option<Place>, FeedFault> {
        let name = start.local_name();
        let name = name.as_ref();
        let place = match (self.open.last(), name) {
            (None, _) if self.has_root => None,
            (None, "rss" | "RDF" | "feed" | "entry") => {
                self.has_root = true;
                self.own = foreign_namespace(start);
                Some(if name == "entry" { Place::Item } else { Place::Root })
            }
            (None, name) if name.eq_ignore_ascii_case("html") => return Err(FeedFault::WebPage),
            (None, _) => return Err(FeedFault::NotAFeed),
            (Some(Place::Root), "channel") if is_known => Some(Place::Channel),
            (Some(Place::Root | Place::Channel), "item" | "entry") if is_known && self.items < MAX_ITEMS_READ => {
                (self.items, self.fields) = (self.items + 1, 0);
                Some(Place::Item)
            }
            (Some(Place::Item), name) if is_field(start, name, is_known) && self.fields < MAX_FIELDS => {
                (self.fields, self.room) = (self.fields + 1, MAX_FIELD_BYTES);
                Some(Place::Field)
            }
            (Some(Place::Field | Place::Markup), name) if name.len() < self.room => {
                self.room -= name.len();
                Some(Place::Markup)
            }
            _ => None,
        };
        Ok(place)
    }

    fn end(&mut self, end: &BytesEnd) -> Result<(), FeedFault> {
        if self.left_out > 0 {
            self.left_out -= 1;
            return Ok(());
        }
        self.open.pop();
        self.write(Event::End(end.borrow()))
    }

    /// Text of a field, as long as there is room for it.
    fn text(&mut self, text: &str) {
        if self.left_out == 0 && matches!(self.open.last(), Some(Place::Field | Place::Markup)) {
            let text = &text[..text.floor_char_boundary(self.room)];
            self.room -= text.len();
            self.pending.push_str(text);
        }
    }

    /// A reference as its character. Those to entities of HTML stay, and those to no character are left out.
    fn reference(&mut self, reference: &BytesRef) {
        match reference.resolve_char_ref() {
            Ok(Some(char)) => self.text(char.encode_utf8(&mut [0; 4])),
            Ok(None) => match resolve_predefined_entity(reference) {
                Some(text) => self.text(text),
                None => self.text(&format!("&{};", &**reference)),
            },
            Err(_) => {}
        }
    }

    fn write(&mut self, event: Event) -> Result<(), FeedFault> {
        let pending = std::mem::take(&mut self.pending);
        let texts = BytesCData::escaped(&pending).filter(|text| !text.is_empty()).map(Event::CData);
        for event in texts.chain([event]) {
            self.out.write_event(event).map_err(|_| FeedFault::NotAFeed)?;
        }
        Ok(())
    }
}

/// Whether an element is a field. Content of other types than text is not text.
fn is_field(start: &BytesStart, name: &str, is_known: bool) -> bool {
    is_known && FIELDS.contains(&name) && (name == "link" || text_type(start).is_some())
}

/// Atom's type of a text construct; `None` if it is of another type.
fn text_type(start: &BytesStart) -> Option<&'static str> {
    let attribute = start.try_get_attribute("type").ok().flatten();
    match attribute.as_ref().map_or("text", |attribute| &attribute.value) {
        "text" | "text/plain" => Some("text"),
        "html" | "text/html" => Some("html"),
        "xhtml" | "application/xhtml+xml" => Some("xhtml"),
        _ => None,
    }
}

/// The default namespace of the root if the parser does not know it.
fn foreign_namespace(root: &BytesStart) -> Option<String> {
    let name = root.try_get_attribute("xmlns").ok().flatten()?.value;
    (!NAMESPACES.contains(&&*name)).then(|| name.into_owned())
}

/// The start tag with the attributes that are read.
fn reduce_tag(start: &BytesStart, place: Place) -> BytesStart<'static> {
    let mut reduced = BytesStart::new(start.name().as_ref().to_owned());
    if place == Place::Markup {
        return reduced;
    }
    if place == Place::Root {
        // The parser refuses versions of RSS that it does not know, and reads all that it knows in the same way.
        reduced.push_attribute(("version", "2.0"));
    }
    for attribute in start.attributes().filter_map(Result::ok) {
        let name = attribute.key.as_ref();
        match name {
            "type" if place == Place::Field && start.local_name().as_ref() != "link" => {
                reduced.push_attribute((name, text_type(start).unwrap_or("text")));
            }
            "xmlns" if place == Place::Root && foreign_namespace(start).is_some() => {}
            _ if is_kept(&attribute) => {
                let value = unescape(&attribute.value).unwrap_or_else(|_| attribute.value.clone());
                reduced.push_attribute((name, &*value));
            }
            _ => {}
        }
    }
    reduced
}

fn is_kept(attribute: &Attribute) -> bool {
    let limit = if attribute.key.as_ref() == "xml:base" { MAX_BASE_BYTES } else { MAX_ATTRIBUTE_BYTES };
    let name = attribute.key.as_ref();
    let is_read =
        matches!(name, "href" | "rel" | "type" | "xml:base") || attribute.key.as_namespace_binding().is_some();
    is_read && attribute.value.len() <= limit
}
