package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/otactl/otactl/client/account"
	"github.com/otactl/otactl/client/credentials"
	"github.com/otactl/otactl/internal/fsx"
	"github.com/otactl/otactl/server/store"
	"github.com/otactl/otactl/tuf"
)

const operatorSubject = "operator"

// handOut makes the files that people take away: the operator's token and
// context, and the publisher's credentials. One that is gone is made anew, and
// then what the old one held stops working.
func (s *Server) handOut(ctx context.Context) error {
	token, err := s.operatorToken(ctx)
	if err != nil {
		return fmt.Errorf("serve: operator token: %w", err)
	}
	if err := s.writeContext(token); err != nil {
		return fmt.Errorf("serve: %s: %w", s.ready.Context, err)
	}
	if err := s.writeCredentials(ctx); err != nil {
		return fmt.Errorf("serve: %s: %w", s.ready.Credentials, err)
	}
	return nil
}

func (s *Server) operatorToken(ctx context.Context) (string, error) {
	path := s.path("operator.token")
	b, err := fsx.ReadFile(path, 1024)
	if err == nil {
		tok := strings.TrimSpace(string(b))
		t, err := s.db.Token(ctx, tok, s.opt.Clock())
		if err == nil && t.Scope == store.ScopeOperator {
			return tok, nil
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return "", err
		}
	} else if !os.IsNotExist(err) {
		return "", err
	}
	if err := s.db.DropTokens(ctx, store.ScopeOperator, operatorSubject); err != nil {
		return "", err
	}
	tok := store.NewSecret()
	err = s.db.AddToken(ctx, tok, store.Token{Scope: store.ScopeOperator, Subject: operatorSubject})
	if err != nil {
		return "", err
	}
	return tok, fsx.WriteFile(path, []byte(tok+"\n"), 0o600)
}

// writeContext keeps DIR/otactl.yaml true to URL and token; contexts that
// somebody added stay.
func (s *Server) writeContext(token string) error {
	want := account.Context{URL: s.opt.URL, Factory: s.opt.Factory, Token: token}
	f, err := account.Read(s.ready.Context)
	if os.IsNotExist(err) {
		f, err = &account.File{}, nil
	}
	if err != nil {
		return err
	}
	want.CAFile = f.Contexts["local"].CAFile // of a proxy in front, which only a person knows of
	if f.Contexts["local"] == want {
		return nil
	}
	if f.Contexts == nil {
		f.Contexts = map[string]account.Context{}
	}
	if f.ActiveContext == "" {
		f.ActiveContext = "local"
	}
	f.Contexts["local"] = want
	return account.Write(s.ready.Context, f)
}

// writeCredentials keeps DIR/credentials.zip true to the URL. The client in it
// stays the same as long as the file can be read.
func (s *Server) writeCredentials(ctx context.Context) error {
	c, err := s.wantedCredentials(ctx)
	if err != nil {
		return err
	}
	old, err := credentials.Open(s.ready.Credentials)
	if err == nil && old.OAuth2 != nil && s.clientWorks(ctx, old.OAuth2) {
		c.OAuth2.ClientID, c.OAuth2.ClientSecret = old.OAuth2.ClientID, old.OAuth2.ClientSecret
		if *c.OAuth2 == *old.OAuth2 && c.TreehubURL == old.TreehubURL && c.RepoURL == old.RepoURL &&
			slices.Equal(c.Root, old.Root) {
			return nil
		}
	} else {
		c.OAuth2.ClientID, c.OAuth2.ClientSecret = uuid.NewString(), store.NewSecret()
		if err := s.db.SetClient(ctx, c.OAuth2.ClientID, c.OAuth2.ClientSecret, store.ScopePublish); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		return err
	}
	return fsx.WriteFile(s.ready.Credentials, b.Bytes(), 0o600)
}

func (s *Server) clientWorks(ctx context.Context, o *credentials.OAuth2) bool {
	scope, err := s.db.Client(ctx, o.ClientID, o.ClientSecret)
	return err == nil && scope == store.ScopePublish
}

// wantedCredentials is credentials.zip without the client.
func (s *Server) wantedCredentials(ctx context.Context) (*credentials.Credentials, error) {
	root, err := s.author.File(ctx, "root.json")
	if err != nil {
		return nil, err
	}
	r, err := tuf.ParseRoot(root)
	if err != nil {
		return nil, err
	}
	ids := r.Roles[tuf.RoleTargets].KeyIDs
	if len(ids) == 0 {
		return nil, errors.New("the root names no targets key")
	}
	pub, err := json.Marshal(r.Keys[ids[0]])
	if err != nil {
		return nil, err
	}
	return &credentials.Credentials{
		TreehubURL: s.opt.URL + "/api/v3/",
		RepoURL:    s.opt.URL + "/ota/repo/" + s.opt.Factory,
		OAuth2:     &credentials.OAuth2{Server: s.opt.URL + "/oauth2"},
		Root:       root, TargetsPub: pub,
	}, nil
}

// started notes that the first start is over, all of it.
func (s *Server) started(ctx context.Context) error {
	was, err := s.db.Setting(ctx, "started")
	if err != nil {
		return err
	}
	s.ready.FirstStart = was == ""
	if was != "" {
		return nil
	}
	if err := fsx.SyncDir(s.opt.DataDir); err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	return s.db.SetSetting(ctx, "started", "yes")
}
