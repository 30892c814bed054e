#include "common/certificates/host_store.h"

#include <cstdlib>
#include <filesystem>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/reasons/network.h"
#include "common/certificates/pem.h"

namespace pyro {
namespace {

/// Debian and Alpine, Fedora, SUSE, OpenSSL itself.
constexpr const char* kStores[] = {"/etc/ssl/certs/ca-certificates.crt",
                                   "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
                                   "/etc/ssl/cert.pem"};

std::vector<std::string> certificates_of(const std::filesystem::path& file) {
  return certificates_in(read_file(file, kMostPemBytes));
}

}  // namespace

std::vector<std::string> host_certificates() {
  const char* named = std::getenv("SSL_CERT_FILE");
  if (named != nullptr && *named != '\0') {
    try {
      return certificates_of(named);
    } catch (const Error& error) {
      throw failed_precondition(reason::kHostCaUnreadable,
                                "the certificates that this host trusts cannot be read, as "
                                "SSL_CERT_FILE names them: {}",
                                error.message());
    }
  }
  for (const char* store : kStores) {
    std::error_code none;
    if (std::filesystem::is_regular_file(store, none)) return certificates_of(store);
  }
  return {};
}

}  // namespace pyro
