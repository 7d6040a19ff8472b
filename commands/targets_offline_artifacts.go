package commands

import (
	"context"

	"github.com/otactl/otactl/offline"
)

// RepoArtifact implements offline.ArtifactBackend.
func (b factoryBackend) RepoArtifact(ctx context.Context, of offline.ArtifactOf) (offline.Artifact, error) {
	a, err := b.api.RepoArtifact(ctx, of.Custom)
	if err != nil {
		return nil, err // and not a nil pointer in an interface
	}
	return a, nil
}

// AppsArtifact implements offline.ArtifactBackend.
func (b factoryBackend) AppsArtifact(ctx context.Context, of offline.ArtifactOf) (offline.Artifact, error) {
	a, err := b.api.AppsArtifact(ctx, of.Target, of.Custom, of.Production)
	if err != nil {
		return nil, err
	}
	return a, nil
}

// artifact tells of the CI's tar that the objects came from.
func (v buildView) artifact() string {
	if v.Artifact == "" || v.ArtifactSize <= 0 {
		return v.Artifact
	}
	return v.Artifact + " (" + size(v.ArtifactSize) + ")"
}

var _ offline.ArtifactBackend = factoryBackend{}
