package roundtrip

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"time"
	"unicode/utf8"
)

// maxRead is how deep encoding/json reads.
const maxRead = 10_000

func checkNumber(v reflect.Value) *refusal {
	s := v.String()
	switch {
	case s == "":
		return refused(v.Type(), reason{"an empty number comes back from JSON as 0", "set it or tag the field omitempty"})
	case s[0] != '-' && !isDigit(s[0]) || !isDigit(s[len(s)-1]) || !json.Valid([]byte(s)):
		return refused(v.Type(), reason{"not a number as JSON writes it", "use digits, as in -12.5e3"})
	}
	return nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// checkRaw checks raw JSON that stands depth levels deep.
func checkRaw(v reflect.Value, depth int) *refusal {
	b := v.Bytes()
	if b == nil {
		return nil
	}
	if !json.Valid(b) || !utf8.Valid(b) {
		return refused(v.Type(), reason{"not valid JSON in UTF-8", "pass valid JSON or nil"})
	}
	if opening := bytes.Count(b, []byte("[")) + bytes.Count(b, []byte("{")); opening+depth <= maxRead {
		return nil
	}
	nested := slices.Concat(bytes.Repeat([]byte("["), depth), b, bytes.Repeat([]byte("]"), depth))
	if !json.Valid(nested) {
		return refused(v.Type(), reason{"JSON cannot be read back when it nests this deep", "pass a flat list"})
	}
	return nil
}

// isNull reports whether raw JSON is read back as null.
func isNull(b []byte) bool {
	return b == nil || string(bytes.TrimSpace(b)) == "null"
}

const day = 24 * 60 * 60

func checkTime(v reflect.Value) *refusal {
	t, _ := reflect.TypeAssert[time.Time](v)
	if year := t.Year(); year < 0 || year > 9999 {
		return refused(v.Type(), reason{"JSON cannot hold a year outside of 0 to 9999", "use an earlier or later time, or a pointer for \"no time\""})
	}
	if _, offset := t.Zone(); offset%60 != 0 || offset <= -day || offset >= day {
		return refused(v.Type(), reason{"JSON cannot hold a zone whose offset is a day or more, or not in whole minutes", "pass the time in UTC"})
	}
	return nil
}
