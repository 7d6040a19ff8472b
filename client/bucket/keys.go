package bucket

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os/exec"
	"regexp"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/signer"

	"github.com/otactl/otactl/internal/fail"
)

// KeyOptions say where keys are looked for: here first, then in the profile of
// the AWS configuration, then with the container or machine this runs in.
type KeyOptions struct {
	// AccessKey, Secret and, for keys that were lent, Session.
	AccessKey, Secret, Session string
	// Profile of ~/.aws/credentials and ~/.aws/config; empty means default.
	Profile string
	// Machine asks the metadata services of Amazon's containers and machines.
	Machine bool
}

// Keys prove who sends a request. They are got when first needed, and again
// before they expire. Safe for concurrent use.
type Keys struct {
	creds *credentials.Credentials
}

// String says nothing of the keys.
func (*Keys) String() string { return "(S3 keys)" }

// GoString says nothing either.
func (k *Keys) GoString() string { return k.String() }

// NewKeys makes Keys; nothing is asked yet.
func NewKeys(o KeyOptions) *Keys {
	c := &chain{}
	if o.AccessKey != "" || o.Secret != "" {
		c.sources = []credentials.Provider{&credentials.Static{Value: credentials.Value{
			AccessKeyID: o.AccessKey, SecretAccessKey: o.Secret, SessionToken: o.Session, SignerType: credentials.SignatureV4,
		}}}
		return &Keys{credentials.New(c)} // whoever names keys means no others
	}
	c.sources = append(c.sources, profileKeys{&credentials.FileAWSCredentials{Profile: o.Profile}})
	if o.Machine {
		c.sources = append(c.sources, &credentials.IAM{Client: metadataClient()})
	}
	return &Keys{credentials.New(c)}
}

// profileKeys are those of a profile of the AWS configuration.
type profileKeys struct {
	*credentials.FileAWSCredentials
}

// RetrieveWithCredContext implements credentials.Provider.
func (p profileKeys) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	v, err := p.FileAWSCredentials.RetrieveWithCredContext(cc)
	return v, unquoted(err)
}

// aboutProfile is how the library begins what it says of a profile that it has
// read. What it says of a file that it can't read quotes that.
var aboutProfile = regexp.MustCompile(`^(profile |section "|sso_|invalid credential process|((reading|parsing|fetching|creating|cached|unable to determine AWS) )*SSO )`)

// unquoted is err without the lines of a file: one in the wrong place may be a key.
func unquoted(err error) error {
	if err == nil || aboutProfile.MatchString(err.Error()) {
		return err
	}
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		return file
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return fmt.Errorf("credential_process: %w", exit)
	}
	return errors.New("the AWS configuration, ~/.aws/credentials or ~/.aws/config, holds a line that is neither [PROFILE] nor KEY = VALUE, or what it names gives no keys")
}

// metadataClient asks services that are a wire away or not there at all, and
// never through a proxy.
func metadataClient() *http.Client {
	return &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{}}
}

// chain is the first of its sources that has keys. The one that had them is
// asked when they expire.
type chain struct {
	sources []credentials.Provider
	current credentials.Provider
}

// RetrieveWithCredContext implements credentials.Provider. Where no source has
// keys the error tells what each said.
func (c *chain) RetrieveWithCredContext(cc *credentials.CredContext) (credentials.Value, error) {
	var said []error
	for _, p := range c.sources {
		v, err := p.RetrieveWithCredContext(cc)
		if err == nil && v.AccessKeyID != "" && v.SecretAccessKey != "" {
			c.current = p
			return v, nil
		}
		said = append(said, err)
	}
	return credentials.Value{}, fail.As(noKeys(said), fail.Auth, "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE")
}

func noKeys(said []error) error {
	return errors.Join(append([]error{errors.New("no keys for the bucket were found")}, said...)...)
}

// Retrieve is RetrieveWithCredContext without a context.
func (c *chain) Retrieve() (credentials.Value, error) { return c.RetrieveWithCredContext(nil) }

// IsExpired implements credentials.Provider.
func (c *chain) IsExpired() bool { return c.current == nil || c.current.IsExpired() }

// requestSigner is an httpx.Auth that signs each request for the bucket.
type requestSigner struct {
	keys   *Keys
	region string
}

// nothing is the SHA-256 of an empty body.
const nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

const headerSHA256 = "X-Amz-Content-Sha256"

// Apply implements httpx.Auth. Whoever sends a body has set its SHA-256.
func (s *requestSigner) Apply(ctx context.Context, req *http.Request) error {
	v, err := s.keys.creds.GetWithContext(&credentials.CredContext{Context: ctx})
	if err != nil {
		return err
	}
	if req.Header.Get(headerSHA256) == "" {
		req.Header.Set(headerSHA256, nothing)
	}
	signer.SignV4(*req, v.AccessKeyID, v.SecretAccessKey, v.SessionToken, s.region) // into the headers, which are shared
	return nil
}

// Renew implements httpx.Auth: the next try is signed with new keys, if their
// source has any.
func (s *requestSigner) Renew(context.Context, *http.Request) (bool, error) {
	s.keys.creds.Expire()
	return true, nil
}
