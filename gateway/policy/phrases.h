// The words and sentences of one language, in which prose.h says the documents. A language is a
// file (prose/fr.yaml): whole sentences with {placeholders}, so that no code puts words together
// and every language has its own order, plural, dates and lists. The reader is strict: all of
// messages.h or nothing. Pure, immutable; thread-safe.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/status.h"
#include "gateway/policy/messages.h"
#include "gateway/policy/policy.h"

namespace gateway::policy {

inline constexpr std::string_view kLanguages[] = {"en", "fr", "es", "ca"};
// Returns InvalidArgument, which names the languages there are, if it is none of them.
Status CheckLanguage(std::string_view language);

// What is filled in for a {name}.
struct Argument {
  std::string_view name;
  std::string text;
};
using Arguments = std::initializer_list<Argument>;

class Phrases {
 public:
  // Returns InvalidArgument with line and column if a message is missing, unknown, or does not have
  // its placeholders, or if the file is another language's.
  static StatusOr<Phrases> Parse(std::string_view yaml, std::string_view language);

  // `arguments` must be what messages.h says.
  std::string Say(MessageName message, Arguments arguments = {}) const;
  // A message with two forms: `n` chooses one, and is filled in.
  std::string SayCounted(MessageName message, uint64_t n, Arguments arguments = {}) const;

  std::string Quoted(std::string_view text) const;
  std::string Number(std::string_view decimal) const;             // "25000.5"
  std::string Duration(Millis duration) const;                    // in whole seconds
  std::string Date(Time time) const;                              // likewise, in UTC
  std::string List(const std::vector<std::string>& items) const;  // "a, b and c"

  // The word for an id, or the id in quotes if there is none.
  std::string Level(std::string_view id) const;
  // The id in quotes, with the word for what its address says.
  std::string NameOf(const Purpose& purpose) const;
  // A party's, with the word for its kind; just the kind in quotes if there is none.
  std::string Kind(std::string_view kind) const;

 private:
  using Words = std::map<std::string, std::string, std::less<>>;
  struct Message {
    std::string one;  // of a message that is not counted: all there is
    std::string other;
  };
  friend class PhrasesReader;

  std::string Word(const Words& words, std::string_view id) const;

  std::vector<uint64_t> one_;  // the numbers that take the first form
  std::string decimal_, thousands_;
  std::vector<std::string> months_;
  Words list_last_before_;  // how the last item begins → how it is joined
  Words levels_, purposes_, kinds_;
  std::vector<Message> messages_;  // beside kMessages
};

}  // namespace gateway::policy
