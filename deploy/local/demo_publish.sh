# The demo calendar's first LinkedIn entry, published to the sandbox: the dry run first, then the post. Sourced by run.sh
# after demo.sh, whose helpers it uses.
# shellcheck shell=bash

# Sets PUBLISH_PROBLEM: why nothing was published, in a sentence; empty if it was.
demo_publish() {
    PUBLISH_PROBLEM="" DEMO_ENTRY="" DEMO_POST=""
    [ -n "$DEMO_CALENDAR" ] || return 0
    if [ "$PUBLISH_TRANSPORT" != sandbox ]; then
        note "PUBLISH_TRANSPORT is $PUBLISH_TRANSPORT: the demo publishes to the sandbox only"
        return 0
    fi
    say "one post of it: the dry run shows what would be sent, then it goes to the sandbox"
    demo_api PUT "/v1/channels/linkedin/accounts/demo" \
        '{"accessToken": "of-the-sandbox", "externalId": "urn:li:person:demo"}' >/dev/null
    DEMO_ENTRY="$(demo_first_entry "$(demo_api GET "/v1/calendars/$DEMO_CALENDAR")")"
    printf '{"calendarId": "%s", "entryIds": ["%s"]}\n' "$DEMO_CALENDAR" "$DEMO_ENTRY" >"$LOCAL/publish.json"
    demo_show_dry_run "$(demo_api POST /v1/publish "$(cat "$LOCAL/publish.json")")"
    demo_send
    [ -z "$PUBLISH_PROBLEM" ] || note "$PUBLISH_PROBLEM"
}

# `demo_api method path [body]`: prints the answer, also of a refusal.
demo_api() {
    curl -K "$LOCAL/curl.conf" -sS -m 30 -X "$1" "$BASE$2" -H 'Content-Type: application/json' ${3:+--data-binary "$3"} || true
}

# The id of the first entry for LinkedIn. Entries come with their id first.
demo_first_entry() {
    printf '%s' "$1" | tr '{' '\n' | grep '"channel":"linkedin"' | sed -n 's/.*"id":"\([0-9a-f-]*\)".*/\1/p' | head -n 1
}

demo_show_dry_run() {
    local url hash
    url="$(demo_text url "$1")"
    hash="$(demo_text planHash "$1")"
    if [ -z "$url" ]; then
        demo_sentence "The dry run shows no request" "$1"
        return 0
    fi
    printf '   would send  %s\n   plan hash   %s\n' "$url" "$hash"
}

demo_send() {
    local answer intent shown=""
    answer="$(demo_api POST /v1/publish \
        "{\"calendarId\": \"$DEMO_CALENDAR\", \"entryIds\": [\"$DEMO_ENTRY\"], \"dryRun\": false}")"
    intent="$(printf '%s' "$answer" | sed -n 's/.*"intents":\[{"id":"\([0-9a-f-]*\)".*/\1/p')"
    if [ -z "$intent" ]; then
        PUBLISH_PROBLEM="$(demo_sentence "The post was not accepted" "$answer")"
        return 0
    fi
    within 20 demo_is_published "$intent" || true
    shown="$(demo_api GET "/v1/publish/intents/$intent")"
    if [ "$(demo_text status "$shown")" != published ]; then
        PUBLISH_PROBLEM="$(demo_sentence "The post was not published to the sandbox" "$shown")"
        return 0
    fi
    DEMO_POST="$(find "$SANDBOX_DIR" -name '*.html' -newer "$LOCAL/publish.json" 2>/dev/null | head -n 1)"
    printf '   published   %s\n   preview     %s\n' "$(demo_text externalUrl "$shown")" "${DEMO_POST#"$ROOT"/}"
}

demo_is_published() {
    case "$(demo_text status "$(demo_api GET "/v1/publish/intents/$1")")" in
        pending | publishing | unknown) return 1 ;;
    esac
}

invite_to_publish() {
    [ -n "$DEMO_ENTRY" ] || return 0
    cat <<TEXT
   dry run   curl -s $BASE/v1/publish -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' --data-binary @.local/publish.json
   publish   curl -s $BASE/v1/publish -H "Authorization: Bearer \$TOKEN" -H 'Content-Type: application/json' -d '{"calendarId": "$DEMO_CALENDAR", "channels": ["linkedin"], "dryRun": false}'
   receipts  curl -s $BASE/v1/publish/receipts -H "Authorization: Bearer \$TOKEN"
TEXT
}
