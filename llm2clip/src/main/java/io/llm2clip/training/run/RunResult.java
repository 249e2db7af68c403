package io.llm2clip.training.run;

import io.llm2clip.report.Gallery;
import java.util.List;
import java.util.Map;

/**
 * What a training came to.
 *
 * @param figures the most important first
 * @param galleries searches to look at, by what is searched
 * @param next what to try it with
 */
public record RunResult(List<Outcome> figures, Map<String, Gallery> galleries, List<NextCommand> next) {}
