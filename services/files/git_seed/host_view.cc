#include "services/files/git_seed/host_view.h"

#include "common/base/text.h"
#include "services/files/git_seed/limits.h"

namespace pyro::files {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return text;
}

/// How files are compared with the objects: git-config(1) and gitattributes(5).
std::string comparing_settings(const GitSettings& settings) {
  std::string lines = setting_line("filemode", has_file_modes(settings) ? "true" : "false");
  if (lower(text_of(settings, "core.autocrlf")) == "input") {
    lines += setting_line("autocrlf", "input");
  } else if (is_true(settings, "core.autocrlf")) {
    lines += setting_line("autocrlf", "true");
  }
  const std::string eol = lower(text_of(settings, "core.eol"));
  if (eol == "lf" || eol == "crlf") lines += setting_line("eol", eol);
  if (settings.contains("core.symlinks") && !is_true(settings, "core.symlinks")) {
    lines += setting_line("symlinks", "false");
  }
  return lines;
}

std::string identity(const GitSettings& settings) {
  constexpr std::size_t kLongest = 256;
  std::string lines;
  for (const char* name : {"name", "email"}) {
    const std::string value = text_of(settings, std::string("user.") + name);
    const bool is_line = value.find_first_of("\r\n") == std::string::npos;
    if (!value.empty() && value.size() <= kLongest && is_line && printable(value) == value) {
      lines += setting_line(name, value);
    }
  }
  return lines;
}

}  // namespace

HostView host_view(const BorrowedRepository& repository) {
  const source::Repository& source = repository.source();
  const GitSettings of_person = settings_of_person(source, repository.git());
  GitSettings settings = repository.settings();
  settings.insert(of_person.begin(), of_person.end());
  const auto rules = [](const std::filesystem::path& directory, const char* name) {
    return source::read_git_file(directory, name, git_limit::kRulesBytes).value_or("");
  };
  HostView view{.core_settings = comparing_settings(settings),
                .user_settings = identity(settings),
                .attributes = rules(source.common_directory, "info/attributes"),
                .exclude = ignore_rules_of_person(of_person)};
  if (!view.exclude.empty() && !view.exclude.ends_with('\n')) view.exclude += '\n';
  view.exclude += rules(source.common_directory, "info/exclude");
  if (is_true(repository.settings(), "core.sparsecheckout")) {
    view.sparse_checkout = rules(source.git_directory, "info/sparse-checkout");
    view.core_settings += setting_line("sparseCheckout", "true");
    if (is_true(repository.settings(), "core.sparsecheckoutcone")) {
      view.core_settings += setting_line("sparseCheckoutCone", "true");
    }
  }
  return view;
}

}  // namespace pyro::files
