# A theme whose schedule is due at once: its synthesis, and the mail that it would send, as a file. Sourced by run.sh after
# demo.sh and demo_publish.sh, whose helpers it uses.
# shellcheck shell=bash

# Sets MAIL_PROBLEM: why no mail was rendered, in a sentence; empty if it was.
demo_mail() {
    local answer
    MAIL_PROBLEM="" DEMO_THEME="" DEMO_MAIL=""
    if [ -n "${EMAIL_PROVIDER:-}${RESEND_API_KEY:-}" ] && [ "${EMAIL_PROVIDER:-}" != log ]; then
        note "EMAIL_PROVIDER is ${EMAIL_PROVIDER:-resend}: the demo mails to files only"
        return 0
    fi
    say "a theme on a schedule that is due now: its synthesis, and the mail as a file"
    answer="$(demo_api POST /v1/themes "$(demo_theme)")"
    DEMO_THEME="$(demo_text id "$answer")"
    if [ -z "$DEMO_THEME" ]; then
        MAIL_PROBLEM="$(demo_sentence "The theme was not created" "$answer")"
    else
        demo_schedule
    fi
    [ -z "$MAIL_PROBLEM" ] || note "$MAIL_PROBLEM"
}

# Written from its description: the demo reads no feed, so that it needs no network.
demo_theme() {
    printf '%s' '{"name": "Coffee weekly", "description": "Specialty coffee: harvests, roasting, brewing and the people' \
        ' behind it.", "language": "en", "sections": ["Harvest", "Roasting"]}'
}

demo_schedule() {
    local answer
    answer="$(demo_api PUT "/v1/themes/$DEMO_THEME/schedule" '{"enabled": true, "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "time_utc": "00:00", "emails": ["reader@example.com"]}')"
    if [ -z "$(demo_text id "$answer")" ]; then
        MAIL_PROBLEM="$(demo_sentence "The schedule was not saved" "$answer")"
        return 0
    fi
    within 60 demo_is_decided || true
    answer="$(demo_api GET "/v1/themes/$DEMO_THEME/schedule/decisions")"
    DEMO_MAIL="$(find "$MAIL_DIR" -name '*.html' -newer "$LOCAL/demo.json" 2>/dev/null | head -n 1)"
    if [ "$(demo_text outcome "$answer")" != done ] || [ -z "$DEMO_MAIL" ]; then
        MAIL_PROBLEM="$(demo_sentence "The schedule's mail was not rendered" "$answer")"
        return 0
    fi
    printf '   fired       %s, done\n   mail        %s\n' "$(demo_text fire_at "$answer")" "${DEMO_MAIL#"$ROOT"/}"
}

demo_is_decided() {
    case "$(demo_text outcome "$(demo_api GET "/v1/themes/$DEMO_THEME/schedule/decisions")")" in
        done | failed | missed | skipped) ;;
        *) return 1 ;;
    esac
}

invite_to_mail() {
    [ -n "$DEMO_THEME" ] || return 0
    cat <<TEXT
   synthesis curl -s "$BASE/v1/themes/$DEMO_THEME/syntheses?limit=1" -H "Authorization: Bearer \$TOKEN"
   schedule  curl -s $BASE/v1/themes/$DEMO_THEME/schedule -H "Authorization: Bearer \$TOKEN"
TEXT
}
