// Fails if a mail uses a feature that a client supports in part or not at all, unless a reason below accepts that.
// A reason that no mail needs any more fails too.
import { readFileSync } from "node:fs";
import { doIUseEmail } from "doiuse-email";

const CLIENTS = ["gmail.*", "outlook.*", "apple-mail.*"];

const ACCEPTED = {
  "@media": "Only dark colours depend on it; without it the mail is light.",
  "<body> element": "Where it is replaced, its colours and margins are lost; the sheet inside repeats the colours.",
  "dir attribute": "Outlook for Windows misreads it on links only, and none has it.",
  "font-weight": "Any weight from 600 is bold there.",
  "line-height": "Only em and px misbehave; these are plain numbers.",
  "margin": "There are no negative margins, and Outlook for Windows centres the table around the sheet instead.",
  "max-width": "Outlook for Windows has the width of the table around the sheet.",
  "padding": "Outlook for Windows has the padding of the table's cell around the sheet.",
  "text-decoration": "Only several values at once and overline are not supported in Outlook; Gmail may underline titles for other accounts.",
};

const FINDING = /^`(.+)` is (not|only partially) supported by `(.+)`$/;

const used = new Set();
let failed = false;
for (const file of process.argv.slice(2)) {
  const { errors = [], warnings = [] } = doIUseEmail(readFileSync(file, "utf8"), { emailClients: CLIENTS });
  for (const finding of new Set([...errors, ...warnings])) {
    const feature = FINDING.exec(finding)?.[1];
    if (feature in ACCEPTED) {
      used.add(feature);
    } else {
      failed = true;
      console.error(`${file}: ${finding}`);
    }
  }
}
for (const feature of Object.keys(ACCEPTED).filter((feature) => !used.has(feature))) {
  failed = true;
  console.error(`No mail needs the reason for ${feature} any more.`);
}
process.exit(failed ? 1 : 0);
