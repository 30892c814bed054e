#pragma once

#include <string>
#include <vector>

#include "common/api/field.h"

namespace pyro {

/// An authority that stands for a few hosts and no others: whoever trusts it takes no certificate
/// of it for another name, nor for any address. The key is PEM too, and a secret.
struct CertificateAuthority {
  std::string certificate;
  api::Bytes key;

  template <class Fields>
  static void describe(Fields& f) {
    f("certificate", &CertificateAuthority::certificate, "As PEM.");
    f("key", &CertificateAuthority::key, "Its private key, as PEM.");
  }
};

/// A new one. The hosts are names in lower case, at least one.
CertificateAuthority make_authority(const std::vector<std::string>& hosts);

/// A certificate of a server, and its key.
struct IssuedCertificate {
  std::string certificate;
  api::Bytes key;
};
/// A new one for that host. invalid_argument: the authority is none.
IssuedCertificate issue_certificate(const CertificateAuthority& authority, const std::string& host);

}  // namespace pyro
