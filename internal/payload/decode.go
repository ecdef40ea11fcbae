package payload

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/saferunner/saferunner/internal/message"
)

type decoder struct {
	support *message.Support
	depth   int
}

// decode sets v, which is zero and can be set.
func (d *decoder) decode(data []byte, v reflect.Value) error {
	t := v.Type()
	isNull := string(bytes.TrimSpace(data)) == "null"
	switch {
	case message.IsValue(t):
		return d.support.Unmarshal(data, v.Addr().Interface())
	case message.Is(t):
		if isNull {
			return nil
		}
		v.Set(reflect.New(t.Elem()))
		return d.support.Unmarshal(data, v.Interface())
	case kindOf(t) != holds:
		return strict(data, v.Addr().Interface())
	case isNull:
		return nil
	}
	if d.depth++; d.depth > maxDepth {
		return fmt.Errorf("%v nests too deep", t)
	}
	defer func() { d.depth-- }()
	switch t.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		return d.decode(data, v.Elem())
	case reflect.Struct:
		s := standinOf(t)
		src := reflect.New(s.typ)
		if err := strict(data, src.Interface()); err != nil {
			return err
		}
		return d.take(s, v, src.Elem())
	case reflect.Map:
		return d.mapping(data, v)
	}
	var all []json.RawMessage
	if err := strict(data, &all); err != nil {
		return err
	}
	if t.Kind() == reflect.Slice {
		v.Set(reflect.MakeSlice(t, len(all), len(all)))
	}
	for i := range min(len(all), v.Len()) { // encoding/json drops what an array has no place for
		if err := d.decode(all[i], v.Index(i)); err != nil {
			return at(fmt.Sprintf("[%d]", i), err)
		}
	}
	return nil
}

func (d *decoder) mapping(data []byte, v reflect.Value) error {
	t := v.Type()
	all := reflect.New(reflect.MapOf(t.Key(), rawType))
	if err := strict(data, all.Interface()); err != nil {
		return err
	}
	v.Set(reflect.MakeMapWithSize(t, all.Elem().Len()))
	for entries := all.Elem().MapRange(); entries.Next(); {
		e := reflect.New(t.Elem()).Elem()
		if err := d.decode(entries.Value().Bytes(), e); err != nil {
			return at("[…]", err)
		}
		v.SetMapIndex(entries.Key(), e)
	}
	return nil
}

// take sets dst to what its stand-in src holds.
func (d *decoder) take(s *standin, dst, src reflect.Value) error {
	for i, p := range s.parts {
		to, from := dst.Field(p.index), src.Field(i)
		if err := d.part(p, to, from); err != nil {
			return at("."+dst.Type().Field(p.index).Name, err)
		}
	}
	return nil
}

func (d *decoder) part(p part, to, from reflect.Value) error {
	switch p.how {
	case raw:
		if from.IsNil() {
			return nil
		}
		return d.decode(from.Bytes(), to)
	case embedded:
		if from.Kind() != reflect.Pointer {
			return d.take(p.embedded, to, from)
		}
		if from.IsNil() {
			return nil
		}
		if !to.CanSet() {
			return fmt.Errorf("an embedded pointer to the unexported type %v cannot be set", to.Type().Elem())
		}
		to.Set(reflect.New(to.Type().Elem()))
		return d.take(p.embedded, to.Elem(), from.Elem())
	case loose:
		if from.IsNil() {
			return nil
		}
		if to.Type().NumMethod() > 0 {
			return fmt.Errorf("JSON cannot be read back into the interface %v; use a concrete type", to.Type())
		}
	}
	to.Set(from)
	return nil
}
