package tenant

import (
	"errors"
	"strings"
)

// What can be wrong with a key. ErrMissing, ErrConflict and ErrMalformed come from the headers alone.
var (
	ErrMissing   = errors.New("no key was presented")
	ErrConflict  = errors.New("two different keys were presented")
	ErrMalformed = errors.New("the key is malformed")
	ErrUnknown   = errors.New("the key is unknown")
	ErrRevoked   = errors.New("the key is revoked")
	ErrExpired   = errors.New("the key has expired")
	ErrUnsure    = errors.New("the store that may know the key has not been read yet")
)

// The headers a credential may stand in. The first two are Weir's alone; the others may also carry the caller's own
// credential for the provider.
const (
	placeDetection = "x-detection-key"
	placeVirtual   = "x-bf-vk"
	placeBearer    = "authorization"
	placeAPIKey    = "x-api-key"
	placeGoogle    = "x-goog-api-key"
	placeAzure     = "api-key"
)

// places are in the order in which an unreadable credential is reported.
var places = [...]string{placeDetection, placeVirtual, placeBearer, placeAPIKey, placeGoogle, placeAzure}

// Presented is what a request's headers hold.
type Presented struct {
	Key string // the caller's key for Weir; where there is none of Weir's form, the credential that stands in its place
	// Own names the headers, in lower case, that hold the caller's own credential for the provider. It is filled where
	// the key stands in a header of its own (X-Detection-Key, x-bf-vk), and where there is no key at all, which only a
	// host for keyless traffic lets pass; elsewhere a second credential is nobody's.
	Own []string
}

// Present finds the key in a request's headers; get returns all values of a header, whose name it takes in lower case.
// It returns what was presented, as far as there is something, also beside an error: ErrMissing, ErrConflict, or
// ErrMalformed (of a malformed key only how it begins). A nil error does not mean that the key is known, or even of Weir's form: Snapshot.Resolve says so.
func Present(get func(name string) []string) (presented string, err error) {
	p, err := Find(get)
	return p.Key, err
}

// Find is Present with the places of the caller's own credentials.
func Find(get func(name string) []string) (Presented, error) {
	var s search
	for _, place := range places {
		for _, value := range get(place) {
			s.take(place, value)
		}
	}
	return s.result()
}

// search gathers what the headers hold.
type search struct {
	key        string // the first of Weir's form
	form       string // how the first malformed key begins
	dedicated  bool   // a key stands in a header of its own
	foreign    string // the first credential of another form
	others     []string
	unreadable bool // something stands there that is no single visible token
	conflict   bool
	malformed  bool
}

// take reads a value as it stands: a blank at its end is part of the key, and no key has one. Only HTTP/2 brings such.
func (s *search) take(place, value string) {
	if strings.Trim(value, " \t") == "" {
		return
	}
	token, ok := value, true
	if place == placeBearer {
		if token, ok = bearer(value); ok && token == "" {
			return // a client that was given an empty key sends the scheme alone
		}
	}
	ok = ok && visible(token)
	switch {
	case !LooksLikeKey(token):
		s.takeForeign(place, token, ok)
	case !ok:
		s.malformed = true
		if s.form == "" {
			s.form = prefixOf(token)
		}
	case s.key != "" && s.key != token:
		s.conflict = true
	default:
		s.key = token
	}
	if LooksLikeKey(token) && (place == placeDetection || place == placeVirtual) {
		s.dedicated = true
	}
}

func (s *search) takeForeign(place, token string, ok bool) {
	if place != placeDetection && place != placeVirtual {
		s.others = append(s.others, place)
	}
	if !ok {
		s.unreadable = true
	} else if s.foreign == "" {
		s.foreign = token
	}
}

func (s *search) result() (Presented, error) {
	switch {
	case s.conflict:
		return Presented{Key: s.key}, ErrConflict
	case s.malformed && s.key == "":
		return Presented{Key: s.form}, ErrMalformed
	case s.malformed:
		return Presented{Key: s.key}, ErrMalformed
	case s.key != "" && s.dedicated:
		return Presented{Key: s.key, Own: s.others}, nil
	case s.key != "":
		return Presented{Key: s.key}, nil
	case s.foreign != "":
		return Presented{Key: s.foreign, Own: s.others}, nil
	case s.unreadable:
		return Presented{}, ErrMalformed
	default:
		return Presented{}, ErrMissing
	}
}

// bearer takes the token out of "Bearer token". Where the scheme is another, it returns false, and the whole value or the
// key that stands at its end.
func bearer(value string) (string, bool) {
	scheme, token, _ := strings.Cut(value, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		if last := value[strings.LastIndexByte(value, ' ')+1:]; LooksLikeKey(last) {
			return last, false
		}
		return value, false
	}
	return strings.TrimLeft(token, " "), true
}

// visible says whether s is made of visible ASCII only: no blank, control character or byte beyond.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
