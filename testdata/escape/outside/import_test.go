//go:build !bare

package outside

import _ "github.com/saferunner/saferunner"
