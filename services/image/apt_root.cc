#include "services/image/apt_root.h"

#include <regex>

#include "common/base/error.h"
#include "common/base/files.h"
#include "common/base/text.h"
#include "services/image/tool.h"

namespace pyro::image {
namespace {

namespace fs = std::filesystem;

std::string configuration(const fs::path& root, const AptSource& source) {
  // Dir moves every relative default below our directory. The sandbox user of apt could not enter
  // it; it matters only to root, whose files these would be.
  std::string text = fmt::format(
      "Dir \"{}\";\n"
      "Dir::State::status \"{}/status\";\n"
      "Dir::Etc::trusted \"/etc/apt/trusted.gpg\";\n"
      "APT::Architecture \"amd64\";\n"
      "APT::Architectures {{ \"amd64\"; }};\n"
      "APT::Sandbox::User \"root\";\n"
      "APT::Update::Error-Mode \"any\";\n"
      "APT::Color \"false\";\n"
      "Acquire::Languages \"none\";\n"
      "Acquire::Retries \"2\";\n"
      "Acquire::http::Timeout \"20\";\n"
      "Acquire::https::Timeout \"20\";\n",
      root.string(), root.string());
  for (const auto& option : source.options) text += option + "\n";
  return text;
}

}  // namespace

std::string kernel_package_from_depends(std::string_view text) {
  static const std::regex pattern(R"(\s*Depends: (linux-image-[a-z0-9.+-]+))");
  for (const auto& line : split(text, '\n')) {
    std::smatch match;
    if (line.size() < 512 && std::regex_match(line, match, pattern)) return match[1];
  }
  return "";
}

AptRoot::AptRoot(fs::path directory, const AptSource& source) : directory_(std::move(directory)) {
  for (const char* part :
       {"etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d",
        "etc/apt/auth.conf.d", "etc/apt/trusted.gpg.d", "var/lib/apt/lists/partial",
        "var/cache/apt/archives/partial", "var/log/apt", "packages"}) {
    fs::create_directories(directory_ / part);
  }
  write_file_atomically(directory_ / "status", "");
  write_file_atomically(directory_ / "etc/apt/sources.list", join(source.lines, "\n") + "\n");
  write_file_atomically(directory_ / "apt.conf", configuration(directory_, source));
}

Command AptRoot::command(std::vector<std::string> argv) const {
  return {.argv = std::move(argv),
          .environment = {{"APT_CONFIG", (directory_ / "apt.conf").string()},
                          {"HOME", directory_.string()},
                          {"TMPDIR", directory_.string()},
                          {"LC_ALL", "C.UTF-8"}},
          .directory = directory_ / "packages"};
}

void AptRoot::update(const Work& work) const {
  run_tool(command({"apt-get", "-q", "update"}), work, directory_);
}

KernelPackage AptRoot::resolve_meta_package(const std::string& name, const Work& work) const {
  KernelPackage package;
  package.name = kernel_package_from_depends(
      run_tool(command({"apt-cache", "depends", name}), work, directory_));
  if (package.name.empty()) {
    throw internal_error("package '{}' names no kernel image package", name);
  }
  const std::string record =
      run_tool(command({"apt-cache", "show", "--no-all-versions", package.name}), work, directory_);
  static const std::regex version_pattern("[A-Za-z0-9.+~:-]+");
  for (const auto& line : split(record, '\n')) {
    if (!line.starts_with("Version: ")) continue;
    package.version = std::string(trim(std::string_view(line).substr(9)));
    break;
  }
  if (!std::regex_match(package.version, version_pattern)) {
    throw internal_error("the archive states no version of package '{}'", package.name);
  }
  return package;
}

fs::path AptRoot::download(const KernelPackage& package, const Work& work) const {
  run_tool(command({"apt-get", "-q", "download", package.name + "=" + package.version}), work,
           directory_);
  for (const auto& file : fs::directory_iterator(directory_ / "packages")) {
    if (file.path().extension() == ".deb") return file.path();
  }
  throw internal_error("apt-get downloaded no file for package '{}'", package.name);
}

}  // namespace pyro::image
