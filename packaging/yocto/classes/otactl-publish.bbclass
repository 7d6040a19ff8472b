# Publishes the image's OSTree commit and has a target signed, with otactl, in
# place of meta-updater's tasks ostreepush, garagesign and garagecheck. In
# local.conf:
#
#   IMAGE_CLASSES += "otactl-publish"
#   SOTA_PACKED_CREDENTIALS = "/path/to/credentials.zip"
#   OTACTL_TAGS = "main"
#   HOSTTOOLS_NONFATAL += "otactl xz"
#
# otactl comes from the build host. The last line makes it visible, and has to
# stand there: BitBake looks at it before it reads an image's classes. A build
# that is to publish without otactl fails.

OTACTL_HARDWARE_ID ?= "${SOTA_HARDWARE_ID}"
OTACTL_TAGS ?= ""
OTACTL_TARGET_NAME ?= "${@d.getVar('GARAGE_TARGET_NAME') or ''}"
OTACTL_TARGET_VERSION ?= "${@d.getVar('GARAGE_TARGET_VERSION') or ''}"
OTACTL_URI ?= "${@d.getVar('GARAGE_TARGET_URL') or ''}"
OTACTL_DELTAS_FROM ?= ""
OTACTL_SIGN_BY ?= ""
OTACTL_EXTRA_ARGS ?= ""

# The commit is still meta-updater's; what comes after it is done here.
IMAGE_FSTYPES:remove = "ostreepush garagesign garagecheck"
IMAGE_FSTYPES:append = " ostreecommit"

do_otactl_publish() {
    if [ -z "${SOTA_PACKED_CREDENTIALS}" ]; then
        bbwarn "SOTA_PACKED_CREDENTIALS is not set: nothing is published"
        return
    fi
    set -- --repo "${OSTREE_REPO}" --ref "${OSTREE_BRANCHNAME}" \
        --credentials "${SOTA_PACKED_CREDENTIALS}" --hardware-id "${OTACTL_HARDWARE_ID}"
    [ -z "${OTACTL_TAGS}" ] || set -- "$@" --tag "${OTACTL_TAGS}"
    [ -z "${OTACTL_TARGET_NAME}" ] || set -- "$@" --name "${OTACTL_TARGET_NAME}"
    [ -z "${OTACTL_TARGET_VERSION}" ] || set -- "$@" --version "${OTACTL_TARGET_VERSION}"
    [ -z "${OTACTL_URI}" ] || set -- "$@" --uri "${OTACTL_URI}"
    [ -z "${OTACTL_DELTAS_FROM}" ] || set -- "$@" --deltas-from "${OTACTL_DELTAS_FROM}"
    [ -z "${OTACTL_SIGN_BY}" ] || set -- "$@" --sign-by "${OTACTL_SIGN_BY}"
    otactl publish "$@" ${OTACTL_EXTRA_ARGS} --output json > "${WORKDIR}/otactl-publish.json"
    bbplain "$(cat "${WORKDIR}/otactl-publish.json")"
}

# The network, and a fresh look at the backend in every build: what is there
# already is not sent again.
do_otactl_publish[network] = "1"
do_otactl_publish[nostamp] = "1"
do_otactl_publish[lockfiles] += "${OSTREE_REPO}/ostree.lock"
do_otactl_publish[vardepsexclude] += "SOTA_PACKED_CREDENTIALS"
addtask otactl_publish after do_image_complete before do_build
