package agent

import (
	"context"
	"os"
	"os/exec"
)

// The messages a callback program gets.
const (
	checkPre     = "check-for-update-pre"
	checkPost    = "check-for-update-post"
	downloadPre  = "download-pre"
	downloadPost = "download-post"
	installPre   = "install-pre"
	installPost  = "install-post"
	finalPre     = "install-final-pre"

	resultOK     = "OK"
	resultFailed = "FAILED"
	resultWaits  = "NEEDS_COMPLETION"
)

// callback runs [pacman] callback_program and waits for it. What it needs to
// know it finds in its environment; no shell is involved, so that a target's
// name is only ever a value. Its outcome is logged and changes nothing.
func (a *Agent) callback(ctx context.Context, message string, install *Target, result string) {
	program := a.cfg.Pacman.CallbackProgram
	if program == "" {
		return
	}
	if _, err := os.Stat(program); err != nil {
		a.log.WarnContext(ctx, "callback program is not there", "err", err)
		return
	}
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(cmd.Environ(), "MESSAGE="+message, "CURRENT_TARGET="+a.currentFile())
	if current, err := a.Current(ctx); err == nil {
		cmd.Env = append(cmd.Env, "CURRENT_TARGET_NAME="+current.Name)
	}
	if install != nil {
		cmd.Env = append(cmd.Env, "INSTALL_TARGET_NAME="+install.Name)
	}
	if result != "" {
		cmd.Env = append(cmd.Env, "RESULT="+result)
	}
	if err := cmd.Run(); err != nil {
		a.log.WarnContext(ctx, "callback program failed", "message", message, "err", err)
	}
}

// outcome is the result a callback gets for err.
func outcome(err error) string {
	if err == nil {
		return resultOK
	}
	return resultFailed + ": " + err.Error()
}
