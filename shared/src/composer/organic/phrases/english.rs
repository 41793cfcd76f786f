//! The English phrases. Read by the phrase bank. An angle that is added here is added in every language.

use super::{Angle, Bank, ByFormat, Ctas, Objectives, Openings};

pub(in super::super) const ENGLISH: Bank = Bank {
    no_topic: "what we are working on",
    angles: ANGLES,
    objectives: Objectives {
        reach: "Reach people who do not know us yet",
        conversation: "Start a conversation",
        attendance: "Bring people together on the day",
        trust: "Build trust",
        loyalty: "Stay in touch with those who know us",
    },
    openings: Openings {
        playful: &["Plot twist ahead.", "Guess what?", "Warning: may cause nodding.", "Here we go."],
        friendly: &[
            "Good to see you here.",
            "Take a minute with us.",
            "We thought of you.",
            "Make yourself comfortable.",
        ],
        bold: &["Start today.", "This one is worth it.", "Think bigger.", "No more waiting."],
        professional: &["A short look at the practice.", "What we see in our work:", "In brief:"],
    },
    ctas: Ctas {
        feed: &[
            "Save this for later.",
            "Tell us in the comments.",
            "Share it with somebody who needs it.",
            "What would you add?",
        ],
        business: &["How do you handle it?", "What is your experience?", "Follow us for the next part."],
        video: &["Follow for the next part.", "Tell us what to try next.", "Watch it twice, then try it."],
        story: &["Tap to tell us.", "Send us your answer.", "Which side are you on?"],
        letter: &["Hit reply and tell us what you think.", "Forward this to somebody who would like it."],
    },
    ideas: ByFormat {
        reel: "Three quick cuts: the question, one close-up of {topic}, the answer. Text on screen from the first second.",
        carousel: "A cover with one bold line about {topic}, one point a slide with a picture each, a question at the end.",
        story: "One upright picture of {topic} with a short line and a sticker to answer with.",
        post: "One honest picture of {topic} in use, people in it rather than things, the first line of text on its own.",
        newsletter: "A letter from one person to one person about {topic}: three short parts, one picture, one request.",
    },
    hints: ByFormat {
        reel: &[
            ("opening shot", "A close-up that shows {topic} in the first second"),
            ("b-roll", "Hands at work, filmed from above, two takes"),
            ("cover", "A still of the best moment with room for a line of text"),
        ],
        carousel: &[
            ("cover", "A calm picture with room for one line about {topic}"),
            ("slides", "One picture a point, all in the same light"),
            ("last slide", "A face, looking at the reader"),
        ],
        story: &[("background", "An upright picture of {topic} with a quiet upper third")],
        post: &[("main", "A picture of {topic} in use, in daylight"), ("detail", "A close-up of the same scene")],
        newsletter: &[
            ("header", "A wide picture that hints at {topic}"),
            ("portrait", "The person who writes the letter"),
        ],
    },
    times: [
        ("morning", "It goes out in the morning: keep it light and to the point."),
        ("afternoon", "It goes out in the afternoon: a small break, not a task."),
        ("evening", "It goes out in the evening: people have time, so it may be longer."),
        ("night", "It goes out at night: calm pictures, few words."),
    ],
    in_this_video: "In this video:",
    greeting: "Hello,",
    farewell: "Until next time,\n{brand}",
    elsewhere: "You also find us on: {platforms}.",
    guidance: "Keep in mind: {guidance}",
    note: "Note: {note}",
};

const ANGLES: &[Angle] = &[
    Angle {
        title: "{topic}: what nobody tells beginners",
        hook: "Most people learn the important part of {topic} last.",
        body: "Here is that part first, in plain words, so that you can skip the detour we took.",
        points: [
            "Start smaller than you think",
            "Do it twice before you judge it",
            "Ask somebody who failed at it once",
        ],
        tag: "Basics",
    },
    Angle {
        title: "Three mistakes with {topic}",
        hook: "We have made all three of these ourselves.",
        body: "The first costs time, the second costs money, and the third is the one people laugh about years later. This is about {topic}.",
        points: ["Beginning without a question", "Copying what works for others", "Stopping one step too early"],
        tag: "LessonsLearned",
    },
    Angle {
        title: "A small guide to {topic}",
        hook: "Five minutes are enough to see how {topic} works.",
        body: "No theory, only what we would tell a friend who asks at the table.",
        points: ["What it is good for", "What it is not good for", "The one thing to try first"],
        tag: "SmallGuide",
    },
    Angle {
        title: "Behind the scenes: {topic}",
        hook: "This is what {topic} looks like before anybody has tidied up.",
        body: "No filter and no script, just the people who do the work.",
        points: ["The part that takes the longest", "The part nobody sees", "The part we like best"],
        tag: "BehindTheScenes",
    },
    Angle {
        title: "The question we hear most: {topic}",
        hook: "It comes up every week: {topic}.",
        body: "So here is our answer, with the reasons behind it.",
        points: ["The short answer", "The honest answer", "The answer for those who want to try it"],
        tag: "QuestionAndAnswer",
    },
    Angle {
        title: "Why {topic} matters more than it seems",
        hook: "It is easy to overlook {topic}.",
        body: "Look twice, and you will find it behind most of the things you like.",
        points: [
            "It saves time where you do not expect it",
            "It brings the right people together",
            "It lasts longer than it takes",
        ],
        tag: "WhyItMatters",
    },
    Angle {
        title: "{topic}: myth or fact?",
        hook: "Half of what is said about {topic} is true.",
        body: "Guess which half before you read on.",
        points: [
            "Everybody does it the same way: a myth",
            "It gets easier with practice: a fact",
            "You need a lot to begin: a myth",
        ],
        tag: "MythOrFact",
    },
    Angle {
        title: "One habit that improves {topic}",
        hook: "It takes two minutes, needs no tools and changes {topic}.",
        body: "Try it for a week and see what it does.",
        points: ["Write down what you noticed", "Change one thing only", "Look at it again on the next day"],
        tag: "OneHabit",
    },
    Angle {
        title: "{topic}, explained by those who do it",
        hook: "We asked the people who spend the most hours with {topic}.",
        body: "They had little time and a lot to say. This is what stayed with us.",
        points: ["What surprised them", "What they would do again", "What they would leave out"],
        tag: "InTheirWords",
    },
];
