package saferunner

import (
	"reflect"

	"github.com/saferunner/saferunner/internal/snapshot"
)

func shimDetach(p *snapshot.Plan, v reflect.Value) (int64, bool) { return p.Detach(v), !p.Exact() }
func shimCheck(p *snapshot.Plan, v reflect.Value) error          { return nil }
func shimCopy(p *snapshot.Plan, v reflect.Value) (reflect.Value, int64, bool) {
	d, n := p.Copy(v)
	return d, n, !p.Exact()
}
