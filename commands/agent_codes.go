package commands

import (
	"context"

	"github.com/otactl/otactl/agent"
)

// agentTable names the codes of aktualizr-lite and aklite-offline, which
// otactl agent ends with too.
func agentTable() []exitRow {
	row := func(code agent.Code, name, meaning string) exitRow {
		return exitRow{code: int(code), name: name, meaning: meaning}
	}
	return []exitRow{
		row(agent.Ok, "ok", "done, or nothing to do"),
		row(agent.UnknownError, "failure", "anything without a code of its own"),
		row(agent.CheckinOkCached, "ok-cached", "nothing to do, by the metadata that was stored"),
		row(agent.CheckinFailure, "metadata-failure", "metadata is not what it claims to be"),
		row(agent.OkNeedsRebootForBootFw, "needs-reboot-for-boot-firmware", "the device runs the target; one more reboot confirms its boot firmware"),
		row(agent.CheckinNoMatchingTargets, "no-matching-targets", "no target is for this hardware id and these tags"),
		row(agent.CheckinNoTargetContent, "no-target-content", "the bundle lacks the commit or an app of each matching target"),
		row(agent.InstallAppsNeedFinalization, "needs-finalization", "the OS is the one that runs; call run, no reboot is needed"),
		row(agent.CheckinSecurityError, "metadata-security", "metadata goes back in version or differs from its hash; or stored metadata is not valid"),
		row(agent.CheckinExpiredMetadata, "metadata-expired", "metadata or the bundle has expired"),
		row(agent.CheckinMetadataFetchFailure, "metadata-fetch", "metadata could not be fetched, and none that is stored is valid"),
		row(agent.CheckinMetadataNotFound, "metadata-not-found", "the bundle lacks a metadata file, or the device knows no root of trust"),
		row(agent.CheckinInvalidBundleMetadata, "bundle-refused", "the bundle is not signed by enough keys, or is for another type or tag"),
		row(agent.CheckinUpdateNewVersion, "update-available", "another target would be installed"),
		row(agent.CheckinUpdateSyncApps, "apps-out-of-sync", "apps of the target that runs would be synchronized"),
		row(agent.CheckinUpdateRollback, "rollback-available", "the target that runs failed; the one before would be installed"),
		row(agent.TufTargetNotFound, "target-not-found", "no target has that name or version"),
		row(agent.RollbackTargetNotFound, "no-rollback-target", "the target that runs failed, and none was installed before"),
		row(agent.InstallationInProgress, "installation-in-progress", "an installation waits for its reboot and run"),
		row(agent.NoPendingInstallation, "nothing-pending", "run: no installation waits"),
		row(agent.DownloadFailure, "download-failure", "content could not be brought in"),
		row(agent.DownloadFailureNoSpace, "no-space", "there is not enough room"),
		row(agent.InstallTargetPullFailure, "not-pulled", "install: the content was not pulled"),
		row(agent.InstallNeedsRebootForBootFw, "boot-firmware-waits", "an update of the boot firmware waits for a reboot; nothing was installed"),
		row(agent.InstallOfflineRollbackOk, "rolled-back-offline", "aklite-offline run: the device came up with what ran before"),
		row(agent.InstallNeedsReboot, "needs-reboot", "reboot, then call run"),
		row(agent.InstallDowngradeAttempt, "downgrade-refused", "the target is older than the one that runs; --force installs it"),
		row(agent.InstallRollbackOk, "rolled-back", "the installation failed; what ran before still does"),
		row(agent.InstallRollbackFailed, "rollback-failed", "the installation failed, and so did going back"),
	}
}

// agentRow is the row of a code.
func agentRow(code agent.Code) exitRow {
	for _, row := range agentTable() {
		if row.code == int(code) {
			return row
		}
	}
	return exitRow{code: int(code), name: "failure", meaning: "a code without a name"}
}

// endAgent reports err, if there is one, and ends with the agent's code.
func (rt *runtime) endAgent(ctx context.Context, code agent.Code, err error) error {
	if err == nil {
		return codeError(int(code))
	}
	if ctx.Err() != nil {
		return err
	}
	row := agentRow(agent.CodeOf(err))
	rt.report(row, err)
	return codeError(row.code)
}
