package cli

import (
	"path/filepath"
	"testing"
)

func TestStateDir(t *testing.T) {
	home := func() (string, error) { return "home", nil }
	for _, test := range []struct {
		system, xdg, local, want string
	}{
		{"linux", "", "", "home/.local/state"},
		{"linux", "/state", "", "/state"},
		{"linux", "relative", "", "home/.local/state"}, // which the XDG specification tells to ignore
		{"linux", "", "appdata", "home/.local/state"},
		{"darwin", "", "", "home/Library/Application Support"},
		{"darwin", "/state", "", "/state"},
		{"windows", "", "appdata", "appdata"},
	} {
		variables := map[string]string{"XDG_STATE_HOME": test.xdg, "LocalAppData": test.local}
		got, err := stateDir(test.system, func(name string) string { return variables[name] }, home)
		if filepath.ToSlash(got) != test.want || err != nil {
			t.Errorf("%+v: %s, %v", test, got, err)
		}
	}
}
