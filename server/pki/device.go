package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
)

// Identity is what a device certificate, or the request for one, says.
type Identity struct {
	CommonName string // the device's uuid, as it was written
	Factory    string
	Production bool
	PublicKey  []byte // DER SubjectPublicKeyInfo
}

var (
	oidCommonName       = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidUnit             = asn1.ObjectIdentifier{2, 5, 4, 11}
	oidBusinessCategory = asn1.ObjectIdentifier{2, 5, 4, 15}
	oidExtKeyUsage      = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidClientAuth       = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 2}
)

// Request is a checked certificate request.
type Request struct {
	Identity
	csr *x509.CertificateRequest
}

// ParseRequest reads one PEM certificate request and checks its signature, its
// key (EC P-256 or P-384), and that its subject is a CN, one OU that is
// factory, and at most a businessCategory.
func ParseRequest(text []byte, factory string) (*Request, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE REQUEST" || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("the CSR is not one PEM certificate request")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, errors.New("the CSR cannot be parsed")
	}
	key, ok := csr.PublicKey.(*ecdsa.PublicKey)
	if !ok || (key.Curve != elliptic.P256() && key.Curve != elliptic.P384()) {
		return nil, errors.New("the CSR's key is not EC P-256 or P-384")
	}
	// After that: a signature by a key of any kind and length takes as long as
	// whoever asks likes.
	if err := csr.CheckSignature(); err != nil {
		return nil, errors.New("the CSR's signature does not verify")
	}
	id, err := identity(csr.Subject)
	if err != nil {
		return nil, fmt.Errorf("the CSR's subject %w", err)
	}
	if id.Factory != factory {
		return nil, fmt.Errorf("the CSR's OU is %.80q and must be %q", id.Factory, factory)
	}
	id.PublicKey = csr.RawSubjectPublicKeyInfo
	return &Request{Identity: id, csr: csr}, nil
}

// IdentityOf reads the subject of a device certificate whose chain was
// verified.
func IdentityOf(cert *x509.Certificate) (Identity, error) {
	id, err := identity(cert.Subject)
	if err != nil {
		return Identity{}, fmt.Errorf("the certificate's subject %w", err)
	}
	id.PublicKey = cert.RawSubjectPublicKeyInfo
	return id, nil
}

// identity wants each attribute at most once, so that no two readers of the
// subject can come to different conclusions.
func identity(subject pkix.Name) (Identity, error) {
	var id Identity
	seen := map[string]bool{}
	for _, a := range subject.Names {
		text, ok := a.Value.(string)
		if !ok || seen[a.Type.String()] {
			return Identity{}, fmt.Errorf("has attribute %s twice, or not as text", a.Type)
		}
		seen[a.Type.String()] = true
		switch {
		case a.Type.Equal(oidCommonName):
			id.CommonName = text
		case a.Type.Equal(oidUnit):
			id.Factory = text
		case a.Type.Equal(oidBusinessCategory) && text == "production":
			id.Production = true
		default:
			return Identity{}, fmt.Errorf("has an attribute %s that is not CN, OU, or businessCategory=production", a.Type)
		}
	}
	if id.CommonName == "" || id.Factory == "" {
		return Identity{}, errors.New("lacks a CN or an OU")
	}
	return id, nil
}

// SignDevice makes the device's certificate, in PEM: the subject of the
// request in the order CN, OU, businessCategory, and the usages of a TLS
// client, both critical, whatever the request asked for.
func (p *PKI) SignDevice(r *Request) ([]byte, error) {
	subject := pkix.RDNSequence{attribute(oidCommonName, r.CommonName), attribute(oidUnit, r.Factory)}
	if r.Production {
		subject = append(subject, attribute(oidBusinessCategory, "production"))
	}
	raw, err := asn1.Marshal(subject)
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{oidClientAuth})
	if err != nil {
		return nil, fmt.Errorf("pki: %w", err)
	}
	der, err := p.issue("", &x509.Certificate{
		RawSubject:            raw,
		KeyUsage:              x509.KeyUsageDigitalSignature, // Go marks it critical
		ExtraExtensions:       []pkix.Extension{{Id: oidExtKeyUsage, Critical: true, Value: usage}},
		BasicConstraintsValid: true,
	}, p.device, r.csr.PublicKey, deviceLife)
	if err != nil {
		return nil, err
	}
	return encodeCert(der), nil
}

func attribute(oid asn1.ObjectIdentifier, text string) []pkix.AttributeTypeAndValue {
	return []pkix.AttributeTypeAndValue{{Type: oid, Value: text}}
}
