#include "gateway/base/bytes.h"
#include "gateway/crypto/sign.h"
#include "gateway/crypto/x509.h"
#include "gateway/policy/prose_parts.h"

namespace gateway::policy {
namespace {

std::string Signatures(const Phrases& phrases, MessageName message, const Role& role) {
  return phrases.SayCounted(message, role.threshold, {{"names", QuotedList(phrases, role.keys)}});
}

void SayStewards(const Charter& charter, const Phrases& phrases, ProseText& text) {
  text.Heading(phrases.Say("stewards_heading"));
  for (const auto& [label, key] : charter.keys) {
    text.Item({phrases.Say(
        "steward", {{"name", phrases.Quoted(label)}, {"key", crypto::FormatPublicKey(key)}})});
  }
  text.Item({Signatures(phrases, "role_charter", charter.charter)});
  text.Item({Signatures(phrases, "role_policy", charter.policy),
             phrases.SayCounted("role_tighten", charter.policy.tighten)});
  text.Item({Signatures(phrases, "role_roster", charter.roster)});
  text.Item({Signatures(phrases, "role_enrolment", charter.enrolment)});
}

void SayFloors(const Floors& floors, const Phrases& phrases, ProseText& text) {
  text.Heading(phrases.Say("floors_heading"));
  text.Item({phrases.SayCounted("floor_k", floors.k_min)});
  text.Item({floors.age_min > Millis(0)
                 ? phrases.Say("floor_age", {{"duration", phrases.Duration(floors.age_min)}})
                 : phrases.Say("floor_age_none")});
  text.Item({phrases.Say("floor_top1", {{"percent", std::to_string(floors.top1_max_pct)}})});
  if (!floors.zone_min_household.empty()) {
    text.Item({phrases.Say("floor_zone_household",
                           {{"level", phrases.Level(floors.zone_min_household)}})});
  }
  if (!floors.zone_min_sensitive.empty()) {
    text.Item({phrases.Say("floor_zone_sensitive",
                           {{"level", phrases.Level(floors.zone_min_sensitive)}})});
  }
  if (floors.keep_max) {
    text.Item({phrases.Say("floor_keep", {{"duration", phrases.Duration(*floors.keep_max)}})});
  }
}

void SayChanges(const Charter& charter, const Phrases& phrases, ProseText& text) {
  text.Heading(phrases.Say("delays_heading"));
  text.Paragraph(phrases.Say("delays_intro"));
  const auto delay = [&](MessageName message, Millis duration) {
    text.Item({phrases.Say(message, {{"duration", phrases.Duration(duration)}})});
  };
  delay("delay_looser", charter.delays.looser);
  delay("delay_incomparable", charter.delays.incomparable);
  delay("delay_entrenched", charter.delays.entrenched);
  delay("delay_charter", charter.delays.charter);
  if (charter.objection) {
    text.Item({phrases.SayCounted("objection", charter.objection->threshold,
                                  {{"percent", std::to_string(charter.objection->quorum_pct)},
                                   {"duration", phrases.Duration(charter.objection->extra)}})});
  }
  if (charter.assembly) {
    text.Item(
        {phrases.Say("assembly", {{"percent", std::to_string(charter.assembly->quorum_pct)},
                                  {"duration", phrases.Duration(charter.assembly->notice)}})});
  }
  if (!charter.entrenched.empty()) {
    text.Item(
        {phrases.Say("entrenched_rules", {{"rules", QuotedList(phrases, charter.entrenched)}})});
  }
}

std::string Pins(const Phrases& phrases, const std::vector<std::string>& pins) {
  Sentences items;
  for (const std::string& pin : pins) items.push_back(crypto::FormatPin(pin));
  return phrases.List(items);
}

void SayGateway(const RosterGateway& gateway, const Phrases& phrases, ProseText& text) {
  Sentences sentences = {phrases.Say("gateway", {{"gateway", phrases.Quoted(gateway.id.value())},
                                                 {"zone", phrases.Quoted(gateway.zone.value())}})};
  const bool has_keys = !gateway.tls.empty();
  sentences.push_back(
      has_keys ? phrases.Say("gateway_keys", {{"tls", Pins(phrases, gateway.tls)},
                                              {"sign", crypto::FormatPublicKey(gateway.sign)},
                                              {"log", crypto::FormatPublicKey(gateway.log)}})
               : phrases.Say("gateway_no_keys"));
  if (!gateway.address.empty()) {
    sentences.push_back(phrases.Say("gateway_address", {{"address", gateway.address}}));
  } else if (has_keys) {
    sentences.push_back(phrases.Say("gateway_no_address"));
  }
  if (gateway.peers && gateway.peers->empty()) {
    sentences.push_back(phrases.Say("gateway_peers_none"));
  } else if (gateway.peers) {
    sentences.push_back(
        phrases.Say("gateway_peers", {{"gateways", QuotedList(phrases, *gateway.peers)}}));
  } else if (has_keys) {
    sentences.push_back(phrases.Say("gateway_peers_all"));
  }
  text.Item(sentences);
}

void SayParty(const Party& party, const Phrases& phrases, ProseText& text) {
  Sentences sentences = {phrases.Say(
      "party", {{"party", phrases.Quoted(party.id.value())}, {"kind", phrases.Kind(party.kind)}})};
  if (party.tls.empty()) {
    sentences.push_back(phrases.Say("party_no_keys"));
  } else {
    Sentences keys;
    for (const std::string& key : party.request) keys.push_back(crypto::FormatPublicKey(key));
    sentences.push_back(phrases.Say(
        "party_keys", {{"tls", Pins(phrases, party.tls)}, {"request", phrases.List(keys)}}));
  }
  if (!party.agreement.empty()) {
    sentences.push_back(
        phrases.Say("party_agreement", {{"hash", Format("b2:%s", HexEncode(party.agreement))}}));
  }
  text.Item(sentences);
}

}  // namespace

void SayCharter(const Charter& charter, const Phrases& phrases, ProseText& text) {
  text.Title(phrases.Say("charter_title", {{"commons", phrases.Quoted(charter.commons)},
                                           {"version", std::to_string(charter.version)}}));
  text.Paragraph(phrases.Say("charter_intro"));
  text.Item({Succession(phrases, charter.prev)});
  text.Item({phrases.Say("charter_expires", {{"date", phrases.Date(charter.expires)}})});
  text.Item({charter.grace > Millis(0)
                 ? phrases.Say("grace", {{"duration", phrases.Duration(charter.grace)}})
                 : phrases.Say("grace_none")});
  SayStewards(charter, phrases, text);
  SayFloors(charter.floors, phrases, text);
  SayChanges(charter, phrases, text);
}

void SayRoster(const Roster& roster, const Phrases& phrases, ProseText& text) {
  text.Title(phrases.Say("roster_title", {{"commons", phrases.Quoted(roster.commons)},
                                          {"version", std::to_string(roster.version)}}));
  text.Paragraph(phrases.Say("roster_intro"));
  text.Item({Succession(phrases, roster.prev)});
  text.Item({phrases.Say("issued", {{"date", phrases.Date(roster.issued)}})});
  text.Item({phrases.Say("roster_expires", {{"date", phrases.Date(roster.expires)}})});
  text.Heading(phrases.Say("gateways_heading"));
  if (roster.gateways.empty()) text.Paragraph(phrases.Say("gateways_none"));
  for (const RosterGateway& gateway : roster.gateways) SayGateway(gateway, phrases, text);
  text.Heading(phrases.Say("parties_heading"));
  if (roster.parties.empty()) text.Paragraph(phrases.Say("parties_none"));
  for (const Party& party : roster.parties) SayParty(party, phrases, text);
}

}  // namespace gateway::policy
