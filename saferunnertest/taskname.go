package saferunnertest

import (
	"fmt"
	"go/types"

	"github.com/saferunner/saferunner/internal/goliteral"
)

// taskName returns what the task of a call is called where the assertion will
// stand, or why no name for it is known there: the name that the failed assertion
// has for it, or that of the variable that it was assigned to.
func (p *paste) taskName(c call) (name, why string) {
	id := taskID{c.task, c.defined}
	if name := p.names[id]; name != "" {
		return name, ""
	}
	name, why = p.variable(c)
	if why == "" {
		p.names[id] = name
	}
	return name, why
}

// variable finds the variable that a task was assigned to.
func (p *paste) variable(c call) (name, why string) {
	const unknown = "task"
	source, err := p.source(c.defined)
	if err != nil {
		return unknown, fmt.Sprintf("the source of the task is not at hand (%v)", err)
	}
	object, why := source.Holder(c.defined.line, c.task, map[string]bool{"WhenRecorded": true}, "Define", "DefineResult")
	if why != "" {
		return unknown, fmt.Sprintf("of the task defined at %s no name is known: %s", c.defined, why)
	}
	name = object.Name()
	switch {
	case !source.IsGlobal(object):
		if source != p.file || p.file.Lookup(p.call.Pos, name) != object {
			return unknown, fmt.Sprintf("the task defined at %s is held in %s, which this test cannot name", c.defined, name)
		}
		return name, ""
	case c.defined.pkg == p.at.pkg && !p.file.IsGlobal(p.file.Lookup(p.call.Pos, name)):
		return unknown, fmt.Sprintf("the task defined at %s is held in %s, which is something else here", c.defined, name)
	}
	name, why = p.writer.Qualify(c.defined.pkg, source.Clause, name, goliteral.Other)
	if why != "" {
		return unknown, fmt.Sprintf("the task defined at %s cannot be named here: %s", c.defined, why)
	}
	return name, ""
}

// meaning says what a name means where the assertion will stand.
func (p *paste) meaning(name string) goliteral.Meaning {
	switch object := p.file.Lookup(p.call.Pos, name).(type) {
	case nil:
		return goliteral.Nothing
	case *types.PkgName:
		return goliteral.Package
	default:
		if object.Parent() == types.Universe {
			return goliteral.Predeclared
		}
		if _, ok := object.(*types.TypeName); ok {
			return goliteral.Type
		}
		return goliteral.Other
	}
}
