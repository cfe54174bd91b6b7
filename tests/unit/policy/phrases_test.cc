#include "gateway/policy/phrases.h"

#include <chrono>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/model/time.h"
#include "tests/unit/policy/fixtures.h"
#include "tests/unit/policy/prose_languages.h"

namespace gateway::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

std::string Refusal(const std::string& text, std::string_view language) {
  const StatusOr<Phrases> phrases = Phrases::Parse(text, language);
  EXPECT_EQ(phrases.status().code(), StatusCode::kInvalidArgument);
  return std::string(Message(phrases.status()));
}

// The text without the line that says the message.
std::string Without(std::string text, std::string_view message) {
  const std::size_t at = text.find("\n  " + std::string(message) + ":");
  if (at == std::string::npos) {
    ADD_FAILURE() << "no such message: " << message;
    return text;
  }
  return text.erase(at, text.find('\n', at + 1) - at);
}

TEST(PhrasesTest, EveryLanguageSaysEveryMessageWithAllThatIsFilledIn) {
  for (const std::string_view language : kLanguages) {
    const StatusOr<Phrases> phrases = Phrases::Parse(LanguageText(language), language);
    EXPECT_TRUE(phrases.ok()) << language << ": " << phrases.status();
  }
}

TEST(PhrasesTest, ALanguageThatLacksAMessageIsRefusedByItsName) {
  for (const std::string_view language : kLanguages) {
    const std::string text = LanguageText(language);
    for (const MessageSpec& message : kMessages) {
      EXPECT_THAT(Refusal(Without(text, message.name), language),
                  HasSubstr(std::string(message.name)));
    }
  }
}

TEST(PhrasesTest, AMessageWithoutItsPlaceholderIsRefusedByBothNames) {
  const std::string text = Replaced(LanguageText("fr"), "plus de {percent}\u00a0% de la somme",
                                    "plus d'un tiers de la somme");
  const std::string refusal = Refusal(text, "fr");
  EXPECT_THAT(refusal, HasSubstr("floor_top1"));
  EXPECT_THAT(refusal, HasSubstr("{percent} is missing"));
}

TEST(PhrasesTest, APlaceholderThatNothingFillsIsRefused) {
  EXPECT_THAT(
      Refusal(Replaced(LanguageText("en"), "No figure leaves.\"", "No {thing} leaves.\""), "en"),
      HasSubstr("share_none: {thing}: there is nothing to fill in of that name"));
  EXPECT_THAT(
      Refusal(Replaced(LanguageText("en"), "No figure leaves.\"", "No figure} leaves.\""), "en"),
      HasSubstr("share_none: has a { or } too many"));
}

TEST(PhrasesTest, AMessageThatNobodySaysIsRefused) {
  EXPECT_THAT(Refusal(LanguageText("es") + "  greeting: \"Hola.\"\n", "es"), HasSubstr("greeting"));
}

TEST(PhrasesTest, ACountedMessageHasTwoForms) {
  const std::string text =
      Replaced(LanguageText("ca"), R"(["{n} dia", "{n} dies"])", R"(["{n} dies"])");
  EXPECT_THAT(Refusal(text, "ca"), HasSubstr("day: must have two forms"));
}

TEST(PhrasesTest, ANumberMayBeAWordOnlyWhereItIsTheOnlyOne) {
  EXPECT_THAT(Refusal(Replaced(LanguageText("fr"), "\"{n} jour\"", "\"un jour\""), "fr"),
              HasSubstr("day: {n} is missing"));
  EXPECT_TRUE(
      Phrases::Parse(Replaced(LanguageText("es"), "\"{n} hora\"", "\"una hora\""), "es").ok());
}

TEST(PhrasesTest, TwoIdsAreNeverCalledTheSame) {
  EXPECT_THAT(Refusal(Replaced(LanguageText("es"), "street: calle", "street: barrio"), "es"),
              HasSubstr("neighbourhood: must be a word that no other id has"));
}

TEST(PhrasesTest, AFileOfAnotherLanguageIsRefused) {
  EXPECT_THAT(Refusal(LanguageText("es"), "ca"), HasSubstr("language"));
}

TEST(PhrasesTest, AnUnknownLanguageIsAnErrorThatNamesThoseThereAre) {
  EXPECT_EQ(Message(CheckLanguage("de")),
            "language \"de\": there is none such; the languages are en, fr, es, ca");
  for (const std::string_view language : kLanguages) EXPECT_TRUE(CheckLanguage(language).ok());
}

TEST(PhrasesTest, DurationsAreSaidInWholeUnits) {
  struct Case {
    Millis duration;
    std::string en, fr, es, ca;
  };
  for (const Case& each : {
           Case{hours(24), "1 day", "1 jour", "1 día", "1 dia"},
           Case{hours(14 * 24), "14 days", "14 jours", "14 días", "14 dies"},
           Case{minutes(15), "15 minutes", "15 minutes", "15 minutos", "15 minuts"},
           Case{hours(36), "1 day and 12 hours", "1 jour et 12 heures", "1 día y 12 horas",
                "1 dia i 12 hores"},
           Case{hours(25) + minutes(1) + seconds(2), "1 day, 1 hour, 1 minute and 2 seconds",
                "1 jour, 1 heure, 1 minute et 2 secondes", "1 día, 1 hora, 1 minuto y 2 segundos",
                "1 dia, 1 hora, 1 minut i 2 segons"},
           Case{Millis(0), "0 seconds", "0 seconde", "0 segundos", "0 segons"},
       }) {
    EXPECT_EQ(LanguageOf("en").Duration(each.duration), each.en);
    EXPECT_EQ(LanguageOf("fr").Duration(each.duration), each.fr);
    EXPECT_EQ(LanguageOf("es").Duration(each.duration), each.es);
    EXPECT_EQ(LanguageOf("ca").Duration(each.duration), each.ca);
  }
}

TEST(PhrasesTest, DatesAreSaidAsThatLanguageSaysThem) {
  const Time first = *ParseTime("2026-04-01T00:00:00Z");
  EXPECT_EQ(LanguageOf("en").Date(first), "1 April 2026, 00:00 UTC");
  EXPECT_EQ(LanguageOf("fr").Date(first), "1er avril 2026 à 00:00 UTC");
  EXPECT_EQ(LanguageOf("es").Date(first), "1 de abril de 2026, 00:00 UTC");
  EXPECT_EQ(LanguageOf("ca").Date(first), "1 d'abril de 2026, 00:00 UTC");
  const Time later = *ParseTime("2026-12-31T23:05:09Z");
  EXPECT_EQ(LanguageOf("en").Date(later), "31 December 2026, 23:05:09 UTC");
  EXPECT_EQ(LanguageOf("ca").Date(later), "31 de desembre de 2026, 23:05:09 UTC");
}

TEST(PhrasesTest, NumbersHaveThatLanguagesSigns) {
  EXPECT_EQ(LanguageOf("en").Number("1234567.25"), "1,234,567.25");
  EXPECT_EQ(LanguageOf("fr").Number("25000"), "25\u00a0000");
  EXPECT_EQ(LanguageOf("es").Number("-25000.5"), "-25\u00a0000,5");
  EXPECT_EQ(LanguageOf("ca").Number("25000"), "25.000");
  EXPECT_EQ(LanguageOf("ca").Number("2500"), "2500");
  EXPECT_EQ(LanguageOf("en").Number("0.01"), "0.01");
}

TEST(PhrasesTest, ListsAreJoinedAsThatLanguageJoinsThem) {
  EXPECT_EQ(LanguageOf("en").List({"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(LanguageOf("fr").List({"a", "b"}), "a et b");
  EXPECT_EQ(LanguageOf("ca").List({"a"}), "a");
  EXPECT_EQ(LanguageOf("en").List({}), "");
}

TEST(PhrasesTest, SpanishAndBecomesEBeforeItsOwnSound) {
  const Phrases es = LanguageOf("es");
  EXPECT_EQ(es.List({"ana", "ines"}), "ana e ines");
  EXPECT_EQ(es.List({"«ana»", "«Hilario»"}), "«ana» e «Hilario»");
  EXPECT_EQ(es.List({"agua", "hielo"}), "agua y hielo");
}

TEST(PhrasesTest, WhatIsFilledInIsNotFilledInAgain) {
  EXPECT_EQ(LanguageOf("en").Say("forbid_reason", {{"reason", "{n} {reason}"}}),
            "The reason: {n} {reason}.");
}

TEST(PhrasesTest, UnknownIdsAreQuotedAsTheyAre) {
  EXPECT_EQ(LanguageOf("fr").Level("neighbourhood"), "quartier");
  EXPECT_EQ(LanguageOf("fr").Level("sector"), "«\u00a0sector\u00a0»");
}

TEST(PhrasesTest, APurposeIsCalledByItsAddressAndNotByItsId) {
  const Purpose harmless{"official-stats", "https://w3id.org/dpv#Counterterrorism", "", 0};
  EXPECT_EQ(LanguageOf("en").NameOf(harmless), "“official-stats” (counter-terrorism)");
  const Purpose unknown{"official-stats", "https://example.org/own", "", 0};
  EXPECT_EQ(LanguageOf("en").NameOf(unknown), "“official-stats”");
}

// A line that breaks between a word and its sign is hard to read aloud.
TEST(PhrasesTest, FrenchSignsHaveSpacesThatDoNotBreak) {
  const std::string text = LanguageText("fr");
  const std::string messages = text.substr(text.find("\nmessages:"));
  for (const std::string sign : {":", ";", "?", "!", "%", "»"}) {
    EXPECT_EQ(messages.find(" " + sign), std::string::npos) << sign;
  }
  EXPECT_EQ(messages.find("« "), std::string::npos);
}

TEST(PhrasesTest, EveryMessageIsSaidSomewhere) {
  std::string code;
  for (const std::string file :
       {"phrases", "prose", "prose_charter", "prose_policy", "prose_rules"}) {
    code += SourceText("gateway/policy/" + file + ".cc");
  }
  for (const MessageSpec& message : kMessages) {
    EXPECT_THAT(code, HasSubstr("\"" + std::string(message.name) + "\""));
  }
}

}  // namespace
}  // namespace gateway::policy
