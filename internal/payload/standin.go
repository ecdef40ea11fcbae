package payload

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/saferunner/saferunner/internal/message"
)

// standin is the struct type that encoding/json sees in place of another.
type standin struct {
	typ   reflect.Type
	parts []part // for each field of typ
}

// part is a field of a standin.
type part struct {
	index    int // of the field it stands for
	how      how
	embedded *standin
	omit     bool // omitempty
	omitZero bool
}

type how int

const (
	same     how = iota // the field as it is
	raw                 // JSON made or read separately
	loose               // an interface, as any: raw if it holds a message
	embedded            // an embedded struct, of which the parts are the outer struct's
)

var (
	standins sync.Map // reflect.Type to *standin
	rawType  = reflect.TypeFor[json.RawMessage]()
	anyType  = reflect.TypeFor[any]()
)

func standinOf(t reflect.Type) *standin {
	if s, ok := standins.Load(t); ok {
		return s.(*standin)
	}
	s := build(t, map[reflect.Type]bool{})
	standins.Store(t, s)
	return s
}

func build(t reflect.Type, open map[reflect.Type]bool) *standin {
	open[t] = true
	defer delete(open, t)
	s := &standin{}
	var fields []reflect.StructField
	for i := range t.NumField() {
		f := t.Field(i)
		if !encoded(f) {
			continue
		}
		p := part{index: i}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		for option := range strings.SplitSeq(options, ",") {
			p.omit = p.omit || option == "omitempty"
			p.omitZero = p.omitZero || option == "omitzero"
		}
		sf := reflect.StructField{Name: f.Name, Type: f.Type, Tag: f.Tag}
		switch inner := embeddedStruct(f); {
		case inner != nil && name == "" && open[inner]:
			continue // encoding/json finds the fields of the outer one first
		case inner != nil && name == "":
			p.how, p.embedded = embedded, build(inner, open)
			sf.Name, sf.Anonymous, sf.Type = "Embedded"+strconv.Itoa(i)+f.Name, true, p.embedded.typ
			if f.Type.Kind() == reflect.Pointer {
				sf.Type = reflect.PointerTo(sf.Type)
			}
		case !f.IsExported():
			continue // encoding/json does not encode it under a name
		case f.Type.Kind() == reflect.Interface:
			p.how, sf.Type = loose, anyType
		case kindOf(f.Type) != never:
			p.how, sf.Type = raw, rawType
		}
		s.parts = append(s.parts, p)
		fields = append(fields, sf)
	}
	s.typ = reflect.StructOf(fields)
	return s
}

// embeddedStruct returns the struct type that f embeds, if encoding/json would
// look into it.
func embeddedStruct(f reflect.StructField) reflect.Type {
	t := f.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if !f.Anonymous || t.Kind() != reflect.Struct || message.Is(reflect.PointerTo(t)) {
		return nil
	}
	return t
}
