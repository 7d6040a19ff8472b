package testkit

// ComposeBase is a compose file for the folders of ComposeFolders.
const ComposeBase = "services: {a: {image: x}, b: {image: y}}\n"

// ComposeFolder is what lies beside an app's compose file, names and contents in
// turn, and whether a device may be given it.
type ComposeFolder struct {
	Files []string
	Good  bool
}

// ComposeFolders are folders of apps, by what is special: who builds bundles and
// who verifies them, each by code of its own, have to judge them alike.
func ComposeFolders() map[string]ComposeFolder {
	const base = ComposeBase
	return map[string]ComposeFolder{
		"an override":                        {[]string{"docker-compose.override.yml", "services: {a: {environment: [X=1]}, b: {image: y}}"}, true},
		"a .env with other words":            {[]string{".env", "# COMPOSE_FILE=x\nTAG=1\nMY_COMPOSE_FILE=x\n"}, true},
		"files of these names in folders":    {[]string{"d/compose.yaml", "x", "d/.env", "COMPOSE_FILE=x"}, true},
		"one that is passed over":            {[]string{"docker-compose.yaml", "services: {a: {image: other}}"}, true},
		"compose.yaml":                       {[]string{"compose.yaml", base}, false},
		"compose.yml, spelled otherwise":     {[]string{"./d/../compose.yml", base}, false},
		"an override with another image":     {[]string{"compose.override.yaml", "services: {a: {image: other}}"}, false},
		"an override with another service":   {[]string{"compose.override.yml", "services: {c: {image: x}}"}, false},
		"an override with a service from":    {[]string{"docker-compose.override.yaml", "services: {a: {extends: {file: o.yml, service: a}}}"}, false},
		"an override that includes":          {[]string{"docker-compose.override.yml", "include: [o.yml]\nservices: {a: {}}"}, false},
		"an override of two documents":       {[]string{"docker-compose.override.yml", "services: {a: {}}\n---\nservices: {c: {image: x}}"}, false},
		"an override that is there twice":    {[]string{"compose.override.yml", "services: {a: {}}", "./compose.override.yml", "services: {a: {}}"}, false},
		"a .env that names files":            {[]string{".env", "TAG=1\r\n export COMPOSE_FILE = o.yml\n"}, false},
		"a .env that names files, like YAML": {[]string{".env", "COMPOSE_FILE: o.yml"}, false},
	}
}
