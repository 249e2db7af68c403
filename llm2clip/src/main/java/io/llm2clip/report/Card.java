package io.llm2clip.report;

/**
 * A figure that a report is about; terms of the {@link Glossary} in its texts are explained.
 *
 * @param number the figure
 * @param text what it is
 * @param beside what it is to be compared with: chance, a baseline, published ones
 */
public record Card(String number, String text, String beside) {
    String html() {
        return "<div class=\"card\"><b>%s</b><span>%s</span><span>%s</span></div>"
                .formatted(Html.escape(number), Glossary.explained(text), Glossary.explained(beside));
    }
}
