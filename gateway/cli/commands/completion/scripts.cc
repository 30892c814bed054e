#include "gateway/cli/commands/completion/scripts.h"

namespace pyro::cli {

std::string completion_script(std::string_view shell) {
  // Candidates come as `word<TAB>meaning` lines. A colon ends a word in bash: cut the part before
  // it from each candidate, since it is on the line already.
  if (shell == "bash") {
    return R"sh(# bash completion for pyro: eval "$(pyro completion bash)"
_pyro() {
  local line="${COMP_LINE:0:COMP_POINT}" candidates word
  local -a words
  read -ra words <<< "$line"
  [[ "$line" == *[[:space:]] ]] && words+=("")
  candidates="$("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null | cut -f1)"
  local typed="${words[${#words[@]}-1]}" prefix=""
  [[ "$typed" == *:* && "$COMP_WORDBREAKS" == *:* ]] && prefix="${typed%:*}:"
  COMPREPLY=()
  while read -r word; do
    [[ -n "$word" ]] && COMPREPLY+=("${word#"$prefix"}")
  done <<< "$candidates"
}
complete -o default -F _pyro pyro
)sh";
  }
  if (shell == "zsh") {
    return R"sh(#compdef pyro
# zsh completion for pyro: source <(pyro completion zsh)
_pyro() {
  local line
  local -a found meanings
  for line in "${(@f)$("${words[1]}" __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z "$line" ]] && continue
    found+=("${line%%$'\t'*}")
    meanings+=("${line/$'\t'/  -- }")
  done
  if (( $#found )); then
    compadd -l -d meanings -- "${found[@]}"
  else
    _files
  fi
}
# Called as a function when zsh loads this file from its fpath.
if [[ "${funcstack[1]}" == _pyro ]]; then
  _pyro "$@"
else
  compdef _pyro pyro
fi
)sh";
  }
  return R"sh(# fish completion for pyro: pyro completion fish | source
function __pyro_complete
    set -l words (commandline -opc)
    $words[1] __complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c pyro -f -a '(__pyro_complete)'
)sh";
}

}  // namespace pyro::cli
