#pragma once

#include <string>
#include <vector>

namespace pyro {

/// The certificates that this host trusts, each as certificates_in (pem.h) writes it: of the file
/// that SSL_CERT_FILE names, else of the first store of the system's that is there. Empty: there is
/// none. failed_precondition (host_ca_unreadable): SSL_CERT_FILE names one that cannot be read.
std::vector<std::string> host_certificates();

}  // namespace pyro
