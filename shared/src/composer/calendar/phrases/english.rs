//! The English phrases. Read by the phrase bank. An angle that is added here is added in every language.

use super::{Angle, Bank};

pub(super) const ENGLISH: Bank = Bank {
    topics: &["our craft", "a customer's story", "a useful tip", "our team", "what is new", "a look back"],
    angles: ANGLES,
    closings: &[
        "What would you add?",
        "Save this for later.",
        "Tell us in the comments.",
        "Share it with somebody who needs it.",
        "More of this soon.",
        "How do you do it?",
        "Follow along for the next part.",
    ],
    audience: "Made for {audience}.",
    due: "Have text and pictures ready for {date}, {time}.",
    tone: "Keep the tone {tone}.",
    weekdays: ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
};

const ANGLES: &[Angle] = &[
    Angle {
        title: "{topic}: what nobody tells beginners",
        caption: "Most people start with {topic} in a hurry and learn the important part last. Here is that part first, in plain words.",
        tag: "Basics",
    },
    Angle {
        title: "Three mistakes with {topic}",
        caption: "We have made all three of them ourselves. The first costs time, the second costs money, and the third is the one people laugh about years later.",
        tag: "Mistakes",
    },
    Angle {
        title: "A small guide to {topic}",
        caption: "Five minutes are enough to see how {topic} works. Save this one for the day you need it.",
        tag: "Guide",
    },
    Angle {
        title: "Behind the scenes: {topic}",
        caption: "This is what {topic} looks like before anybody has tidied up. No filter, no script, just the people who do the work.",
        tag: "BehindTheScenes",
    },
    Angle {
        title: "{topic} in one minute",
        caption: "If you only have sixty seconds, this is what to remember about {topic}.",
        tag: "InOneMinute",
    },
    Angle {
        title: "The question we hear most about {topic}",
        caption: "It comes up every week, so here is our answer, with the reasons behind it.",
        tag: "QuestionAndAnswer",
    },
    Angle {
        title: "{topic}: then and now",
        caption: "Look how far this has come. Some things changed beyond recognition, others are as good as they ever were.",
        tag: "ThenAndNow",
    },
    Angle {
        title: "Why {topic} matters more than it seems",
        caption: "It is easy to overlook {topic}. Look twice, and you will find it behind most of the things you like.",
        tag: "WhyItMatters",
    },
    Angle {
        title: "A day with {topic}",
        caption: "From the first hour to the last light: what a day with {topic} is really like.",
        tag: "ADayWith",
    },
    Angle {
        title: "{topic}: myth or fact?",
        caption: "Half of what is said about {topic} is true. Guess which half before you swipe.",
        tag: "MythOrFact",
    },
    Angle {
        title: "Our checklist for {topic}",
        caption: "Seven lines we go through every single time. Copy it, change it, make it yours.",
        tag: "Checklist",
    },
    Angle {
        title: "The story that started it: {topic}",
        caption: "It began with a detour and a good conversation about {topic}. The rest is what you see today.",
        tag: "OurStory",
    },
    Angle {
        title: "{topic} on a small budget",
        caption: "You do not need much. These are the choices that cost little and change a lot.",
        tag: "SmallBudget",
    },
    Angle {
        title: "What we learned about {topic} this season",
        caption: "Some plans worked, some did not. Here are the lessons we are keeping.",
        tag: "LessonsLearned",
    },
    Angle {
        title: "{topic}, explained by those who do it",
        caption: "We asked the people with the most hours in it to describe {topic} in their own words.",
        tag: "InTheirWords",
    },
    Angle {
        title: "One habit that improves {topic}",
        caption: "It takes two minutes and no tools. Try it for a week and tell us what changed.",
        tag: "OneHabit",
    },
    Angle {
        title: "{topic}: before and after",
        caption: "Same place, same people, one different decision. See what it did.",
        tag: "BeforeAndAfter",
    },
    Angle {
        title: "An honest look at {topic}",
        caption: "There is a good side and a tiring side. Today we show both.",
        tag: "HonestLook",
    },
    Angle {
        title: "The tools we use for {topic}",
        caption: "Nothing fancy: what lies on our table, what it is good for, and what we would leave out.",
        tag: "Toolbox",
    },
    Angle {
        title: "{topic}: your turn",
        caption: "You have read enough from us. Show us how you do it, and we will share what we like best.",
        tag: "YourTurn",
    },
    Angle {
        title: "Two ways to think about {topic}",
        caption: "There is the careful way and the bold way. Both have their day, and here is how to tell which.",
        tag: "TwoWays",
    },
    Angle {
        title: "{topic} for the weekend",
        caption: "A calm idea for two free days, with everything you need to know about {topic}.",
        tag: "WeekendIdea",
    },
    Angle {
        title: "What comes next for {topic}",
        caption: "We have been watching closely. These are the changes we expect, and how to be ready.",
        tag: "WhatComesNext",
    },
];
