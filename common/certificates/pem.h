#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace pyro {

inline constexpr std::size_t kMostCertificates = 1024;
inline constexpr std::size_t kMostCertificateBytes = 32U << 10U;
/// Of a text with certificates. A host's store has some 230 KiB.
inline constexpr std::size_t kMostPemBytes = 2U << 20U;

/// The certificates in a PEM text, each once and in one written form. Whatever else is in it, as
/// comments, private keys or blocks that are no X.509 structure, is left out. At most
/// kMostCertificates.
std::vector<std::string> certificates_in(std::string_view text);

/// The same written form of a certificate's bytes (DER).
std::string pem_of(std::string_view der);

}  // namespace pyro
