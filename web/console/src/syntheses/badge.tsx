// A state as an icon and a word; the colour only repeats it.
import type { Schemas } from "@almanac/client";
import { useWords } from "../i18n";
import { Icon, type IconName } from "../parts/icon";

type Tone = "good" | "bad" | "warning" | "accent" | "plain";
type Look = [IconName, Tone];

const STATUS: Record<Schemas["GenerationStatus"], Look> = {
  pending: ["clock", "plain"],
  running: ["clock", "accent"],
  succeeded: ["check", "good"],
  failed: ["warning", "bad"],
  cancelled: ["skip", "plain"],
};

const DELIVERY: Record<Schemas["DeliveryStatus"], Look> = {
  pending: ["clock", "plain"],
  sent: ["mail", "accent"],
  delayed: ["clock", "warning"],
  delivered: ["check", "good"],
  bounced: ["warning", "bad"],
  complained: ["warning", "bad"],
  failed: ["warning", "bad"],
  suppressed: ["skip", "plain"],
  skipped: ["skip", "plain"],
  needs_review: ["warning", "warning"],
};

type Props =
  | { group: "status"; value: Schemas["GenerationStatus"]; code?: string | undefined }
  | { group: "delivery"; value: Schemas["DeliveryStatus"] };

export function Badge(props: Props) {
  const { t } = useWords();
  if (props.group === "status" && props.code === "NO_NEWS")
    return <Labelled icon="skip" tone="plain" text={t("status.noNews")} />;
  const [icon, tone] = props.group === "status" ? STATUS[props.value] : DELIVERY[props.value];
  const text = props.group === "status" ? t(`status.${props.value}`) : t(`delivery.${props.value}`);
  return <Labelled icon={icon} tone={tone} text={text} />;
}

function Labelled({ icon, tone, text }: { icon: IconName; tone: Tone; text: string }) {
  return (
    <span className={`badge tone-${tone}`}>
      <Icon name={icon} />
      {text}
    </span>
  );
}
