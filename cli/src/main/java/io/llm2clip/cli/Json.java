package io.llm2clip.cli;

import tools.jackson.databind.json.JsonMapper;

/** Reads and writes JSON; a class of its own, because making a mapper takes long and few commands need one. */
final class Json {
    static final JsonMapper MAPPER = JsonMapper.builder().build();

    private Json() {}
}
