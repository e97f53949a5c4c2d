package surface

import (
	"sort"
	"strconv"
	"strings"
)

// chatMedia notes parts that are no text. A data URL of text would be text unread, so it is refused: those of images
// and sound may pass, and Request.Media says that they are there.
func chatMedia(t *tape, r *Request) *Refusal {
	kinds := map[string]bool{}
	var refusal *Refusal
	messages, _ := t.member(0, "messages")
	t.elements(messages, func(i, m int) {
		content, _ := t.member(m, "content")
		t.elements(content, func(j, part int) {
			mediaKinds(t, part, kinds)
			if refusal == nil && hidesText(t, part) {
				refusal = invalid("messages["+strconv.Itoa(i)+"].content["+strconv.Itoa(j)+"]", "must not hold text in a data URL")
			}
		})
	})
	for k := range kinds {
		r.Media = append(r.Media, k)
	}
	sort.Strings(r.Media)
	return refusal
}

// mediaKinds notes what a part says it is, and what it carries whatever it says.
func mediaKinds(t *tape, part int, kinds map[string]bool) {
	switch kind := t.strOf(part, "type"); kind {
	case "text", "refusal", "":
	default:
		kinds[named(kind)] = true
	}
	for _, kind := range []string{"image_url", "input_audio", "file", "video_url"} {
		if _, ok := t.member(part, kind); ok {
			kinds[kind] = true
		}
	}
}

// hidesText looks for a data URL of text in what a part carries beside its plain text.
func hidesText(t *tape, part int) bool {
	hides := false
	t.members(part, func(k, v int) {
		if t.is(k, "text") || t.is(k, "refusal") {
			return
		}
		for i := v; i < max(t.nodes[v].next, v+1); i++ {
			hides = hides || t.nodes[i].kind == str && textURL(t.text(i))
		}
	})
	return hides
}

// urlHead is how much of a URL says what it is.
const urlHead = 256

// textURL says whether s is a data URL (RFC 2397) of anything but pictures and sound. A URL's readers skip blanks and
// control characters and ignore case; SVG is a picture that is text.
func textURL(s string) bool {
	head := strings.ToLower(strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, s[:min(len(s), urlHead)]))
	kind, isData := strings.CutPrefix(head, "data:")
	if !isData || strings.HasPrefix(kind, "image/svg") {
		return isData
	}
	return !strings.HasPrefix(kind, "image/") && !strings.HasPrefix(kind, "audio/")
}
