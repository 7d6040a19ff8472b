package register

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
)

// businessCategory is the attribute that makes a device a production device
// (X.520, OID 2.5.4.15).
var businessCategory = asn1.ObjectIdentifier{2, 5, 4, 15}

// The two extensions the request asks for, critical, as lmp-device-register
// does: keyUsage digitalSignature and extKeyUsage clientAuth.
var requestedExtensions = []pkix.Extension{
	{Id: asn1.ObjectIdentifier{2, 5, 29, 15}, Critical: true, Value: []byte{0x03, 0x02, 0x07, 0x80}},
	{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: []byte{0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02}},
}

// identity is the device's new key and what it asks to have signed.
type identity struct {
	key    *ecdsa.PrivateKey
	keyPEM []byte // SEC 1, what aktualizr-lite and fioconfig read
	csrPEM []byte
}

// newIdentity makes an EC P-256 key and a certificate request with the subject
// CN=uuid, OU=factory and, for a production device, businessCategory.
func newIdentity(uuid, factory string, production bool) (*identity, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make device key: %w", err)
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode device key: %w", err)
	}
	subject, err := subjectDER(uuid, factory, production)
	if err != nil {
		return nil, fmt.Errorf("encode subject: %w", err)
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		RawSubject:         subject,
		SignatureAlgorithm: x509.ECDSAWithSHA256,
		ExtraExtensions:    requestedExtensions,
	}, key)
	if err != nil {
		return nil, fmt.Errorf("make certificate request: %w", err)
	}
	return &identity{
		key:    key,
		keyPEM: pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}),
		csrPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}),
	}, nil
}

// subjectDER keeps the order CN, OU, businessCategory. pkix.Name would put OU
// first, and a renewal over EST compares the subject byte by byte.
func subjectDER(uuid, factory string, production bool) ([]byte, error) {
	rdn := func(oid asn1.ObjectIdentifier, v string) pkix.RelativeDistinguishedNameSET {
		return pkix.RelativeDistinguishedNameSET{{Type: oid, Value: v}}
	}
	seq := pkix.RDNSequence{
		rdn(asn1.ObjectIdentifier{2, 5, 4, 3}, uuid),
		rdn(asn1.ObjectIdentifier{2, 5, 4, 11}, factory),
	}
	if production {
		seq = append(seq, rdn(businessCategory, "production"))
	}
	return asn1.Marshal(seq)
}
