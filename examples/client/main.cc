// Repairs a project in a disposable microVM: `repair PROJECT OUTPUT` runs PROJECT's check.py in a
// workspace, writes the fix there, checks again, shows the diff and exports the fixed file. The
// directory on the host is only read.
#include <pyro/client.h>
#include <signal.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stop_token>
#include <string>
#include <thread>

namespace {

/// The first Ctrl-C asks for a stop, the second ends the process. Before any other thread is made.
std::stop_source stop_on_ctrl_c() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::stop_source stop;
  std::thread([signals, stop]() mutable {
    int number = 0;
    sigwait(&signals, &number);
    stop.request_stop();
    sigwait(&signals, &number);
    std::_Exit(128 + number);
  }).detach();
  return stop;
}

/// Deletes a workspace in every case, also after Ctrl-C.
struct Deleted {
  pyro::Client& client;
  std::string workspace_id;
  ~Deleted() {
    try {
      client.delete_workspace({.workspace_id = workspace_id});
    } catch (const pyro::Error& error) {
      std::cerr << "workspace " << workspace_id << " is left: " << error.message() << '\n';
    }
  }
};

void repair(const std::string& project, const std::string& output,
            const pyro::CallOptions& options) {
  pyro::Client client;
  const auto made =
      client.create_workspace({.environment = "debian:12", .seed_path = project}, options);
  const std::string& id = made.workspace_id;
  const Deleted at_the_end{client, id};
  const auto check = [&] {
    std::cout << "checking in workspace " << id << std::endl;
    const auto result =
        client.exec_workspace({.workspace_id = id, .command = "python3 check.py"}, options);
    std::cout << result.stdout_text << result.stderr_text;
    return result.exit_code == 0;
  };
  if (check()) return;
  client.write_workspace_file(
      {.workspace_id = id, .path = "add.py", .text = "def add(a, b):\n    return a + b\n"},
      options);
  if (!check()) throw pyro::failed_precondition("'{}' still fails its check", project);
  std::cout << client.diff_workspace({.workspace_id = id}, options).patch;
  client.export_workspace({.workspace_id = id, .path = "add.py", .output_path = output}, options);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: repair PROJECT OUTPUT\n";
    return 2;
  }
  const std::stop_source stop = stop_on_ctrl_c();
  try {
    repair(std::filesystem::absolute(argv[1]), std::filesystem::absolute(argv[2]),
           {.stop = stop.get_token(), .on_progress = [](const pyro::api::Progress& step) {
              std::cerr << step.phase << ": " << step.message << '\n';
            }});
    return 0;
  } catch (const pyro::Error& error) {
    std::cerr << "error: " << error.message() << '\n';
    return stop.stop_requested() ? 130 : 1;
  }
}
