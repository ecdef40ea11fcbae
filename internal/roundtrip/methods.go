package roundtrip

import (
	"encoding"
	"encoding/json"
	"math/big"
	"net/netip"
	"reflect"
	"runtime"
	"time"

	"github.com/saferunner/saferunner/internal/redact"
)

// known are the types of the standard library whose values need a look although
// they have methods of their own, or behave differently from their kind.
var known = map[reflect.Type]op{
	reflect.TypeFor[time.Time]():       instant,
	reflect.TypeFor[json.Number]():     number,
	reflect.TypeFor[json.RawMessage](): raw,
	reflect.TypeFor[netip.Addr]():      always,
	reflect.TypeFor[big.Int]():         always,
}

// method is the method by which a type is written or read.
type method int

const (
	none method = iota
	byJSON
	byText
)

var (
	writeNames = [...]string{byJSON: "MarshalJSON", byText: "MarshalText"}
	readNames  = [...]string{none: "its fields", byJSON: "UnmarshalJSON", byText: "UnmarshalText"}

	marshaler       = reflect.TypeFor[json.Marshaler]()
	unmarshaler     = reflect.TypeFor[json.Unmarshaler]()
	textMarshaler   = reflect.TypeFor[encoding.TextMarshaler]()
	textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()
	textAppender    = reflect.TypeFor[encoding.TextAppender]()
)

// writes tells by which method encoding/json writes a t.
func writes(t reflect.Type, addressable bool) method {
	if addressable {
		t = pointerTo(t)
	}
	return which(t, marshaler, textMarshaler)
}

// reads tells by which method encoding/json reads a t.
func reads(t reflect.Type) method { return which(pointerTo(t), unmarshaler, textUnmarshaler) }

func pointerTo(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return t // a pointer to these has no methods
	}
	return reflect.PointerTo(t)
}

func which(t, asJSON, asText reflect.Type) method {
	switch {
	case t.Implements(asJSON):
		return byJSON
	case t.Implements(asText):
		return byText
	}
	return none
}

// newer names the method of t that encoding/json calls since Go 1.27 alone,
// where it has no other one for older versions.
func newer(t reflect.Type) string {
	t = pointerTo(t)
	has := func(_ reflect.Method, ok bool) bool { return ok }
	switch {
	case has(t.MethodByName("MarshalJSONTo")) && !t.Implements(marshaler):
		return "MarshalJSONTo"
	case has(t.MethodByName("UnmarshalJSONFrom")) && !t.Implements(unmarshaler):
		return "UnmarshalJSONFrom"
	case t.Implements(textAppender) && !t.Implements(textMarshaler) && !t.Implements(marshaler):
		return "AppendText"
	}
	return ""
}

// older are the methods to add where there is only a newer one.
var older = map[string]string{"MarshalJSONTo": "MarshalJSON", "UnmarshalJSONFrom": "UnmarshalJSON", "AppendText": "MarshalText"}

// methods plans a type with methods of its own, and is false if it has none.
func (b builder) methods(p *Plan, addressable bool) bool {
	t := p.typ
	if name := newer(t); name != "" {
		p.refuse("only Go 1.27 and later call "+name+" of "+redact.TypeName(t), "add "+older[name]+" too")
		return true
	}
	write, read := writes(t, true), reads(t)
	if write == none && read == none {
		return false
	}
	switch {
	case write == none:
		p.refuse("JSON writes "+redact.TypeName(t)+" by its fields or kind and reads it by "+readNames[read], "add "+writeNames[read]+" too")
	case writes(t, addressable) != write:
		p.refuse(writeNames[write]+" of "+redact.TypeName(t)+" has a pointer receiver, so JSON does not always call it on a value", "use *"+redact.TypeName(t)+" or a value receiver")
	case write == byText && read == byJSON:
		p.refuse("JSON writes "+redact.TypeName(t)+" by MarshalText and reads it by UnmarshalJSON", "add MarshalJSON")
	case write != read:
		p.refuse("JSON writes "+redact.TypeName(t)+" by "+writeNames[write]+" and reads it by "+readNames[read], "add "+readNames[write])
	case t.Name() == "":
		p.refuse("JSON finds "+writeNames[write]+" of the embedded type when it writes this struct, and not when it reads it", "give the struct type a name, or the embedded field one")
	case inherited(t, write) || inheritedRead(t, read):
		b.inherited(p, write, addressable)
	default:
		p.op = own
	}
	return true
}

// inherited plans a struct that is written by a method of an embedded field:
// JSON holds that field alone.
func (b builder) inherited(p *Plan, write method, addressable bool) {
	t := p.typ
	own := reason{"JSON writes and reads only the embedded field whose methods " + redact.TypeName(t) + " inherits", "give the embedded field a name, or " + redact.TypeName(t) + " a " + writeNames[write] + " and " + readNames[write]}
	f := &fields{}
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Anonymous && sf.Type.Kind() != reflect.Pointer && sf.Type.Kind() != reflect.Interface && writes(sf.Type, true) == write {
			kept := keptField{plan: b.plan(sf.Type, addressable), path: "." + sf.Name}
			kept.Index = []int{i}
			f.kept = append(f.kept, kept)
			continue
		}
		f.lost = append(f.lost, lostField{index: []int{i}, path: "." + sf.Name, typ: sf.Type, reason: own})
	}
	if len(f.kept) != 1 || inherited(t, write) != inheritedRead(t, write) {
		p.refuse(own.why, own.fix)
		return
	}
	p.op, p.fields = structure, f
}

// inherited reports whether the struct t has its method of writing from an
// embedded field. Method names stay constants, so that the linker can still
// drop unused methods.
func inherited(t reflect.Type, m method) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for _, t := range []reflect.Type{t, reflect.PointerTo(t)} {
		if f, ok := t.MethodByName("MarshalJSON"); ok && m == byJSON {
			return generated(f)
		}
		if f, ok := t.MethodByName("MarshalText"); ok && m == byText {
			return generated(f)
		}
	}
	return false
}

// inheritedRead does the same for the method of reading.
func inheritedRead(t reflect.Type, m method) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	t = reflect.PointerTo(t)
	if m == byJSON {
		f, _ := t.MethodByName("UnmarshalJSON")
		return generated(f)
	}
	f, _ := t.MethodByName("UnmarshalText")
	return generated(f)
}

// generated reports whether the compiler made the method, as it does for the
// methods that a struct has from its embedded fields. If the compiler stops
// marking those, such methods count as the struct's own.
func generated(m reflect.Method) bool {
	if !m.Func.IsValid() {
		return false
	}
	pc := m.Func.Pointer()
	file, _ := runtime.FuncForPC(pc).FileLine(pc)
	return file == "<autogenerated>"
}
