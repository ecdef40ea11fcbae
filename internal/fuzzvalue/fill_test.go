package fuzzvalue_test

import (
	"reflect"
	"testing"

	"github.com/saferunner/saferunner/internal/fuzzvalue"
)

type node struct {
	Next *node
	name string
	list []any
	m    map[int8]bool
}

func TestFillReachesEveryField(t *testing.T) {
	dynamic := []reflect.Type{reflect.TypeFor[int]()}
	var name, list, entries, cycle bool
	for seed := range 2000 {
		data := make([]byte, 60)
		for i := range data {
			data[i] = byte((seed+1)*(i+7)*31 + seed>>3 + i*i)
		}
		var n node
		f := fuzzvalue.Filler{Data: data, Dynamic: dynamic}
		f.Fill(reflect.ValueOf(&n).Elem())
		name = name || n.name != ""
		list = list || len(n.list) > 0 && n.list[0] != nil
		entries = entries || len(n.m) > 0
		cycle = cycle || n.Next != nil && n.Next.Next == n.Next
	}
	if !name || !list || !entries || !cycle {
		t.Errorf("never made: unexported string %v, interface %v, map entry %v, cycle %v", name, list, entries, cycle)
	}
}

func TestFillWithoutBytesLeavesZero(t *testing.T) {
	var n node
	f := fuzzvalue.Filler{}
	f.Fill(reflect.ValueOf(&n).Elem())
	if !reflect.DeepEqual(n, node{}) {
		t.Errorf("filled with %+v", n)
	}
}
