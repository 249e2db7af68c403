package io.llm2clip.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/**
 * A line chart as inline SVG below its title: values by step, noisy ones drawn pale with their running mean over them. A dashed line marks
 * where a line begins later than the others.
 */
public final class Chart {
    /** Of a line that marks where another one begins. */
    static final String MARK = "class=\"mark";

    private static final int WIDTH = 340;
    private static final int HEIGHT = 172;
    private static final int LEGEND = 16;
    private static final int LEFT = 44;
    private static final int BOTTOM = 26;
    private static final int TOP = 8;
    private static final int RIGHT = 10;
    /** Points of a line, more of which would be closer than a pixel. */
    private static final int POINTS = 300;
    /** Lines that have a color of their own. */
    private static final int COLORS = 4;
    /** The part of all steps after which a line begins late, and not because its first batches were of another kind by chance. */
    private static final double LATE = 0.1;

    private final String title;
    private final List<Series> lines;
    private final int steps;
    private final double low;
    private final double span;
    private final double tick;
    private final StringBuilder svg = new StringBuilder();

    private Chart(String title, List<Series> lines) {
        this.title = title;
        this.lines = lines;
        steps = lines.stream()
                .mapToInt(line -> line.step(line.size() - 1))
                .max()
                .orElse(0);
        double least = lines.stream().flatMapToDouble(Chart::values).min().orElse(0);
        double most = lines.stream().flatMapToDouble(Chart::values).max().orElse(1);
        tick = tick(most > least ? most - least : Math.max(Math.abs(most), 1e-3));
        low = Math.floor(least / tick) * tick;
        span = Math.max(1, Math.ceil((most - low) / tick - 1e-9)) * tick;
    }

    /**
     * The chart as HTML; its axes have ticks at round numbers.
     *
     * @param title in HTML
     * @param series lines, with a legend if they have names
     */
    public static String of(String title, List<Series> series) {
        return new Chart(title, thinned(series)).draw(true);
    }

    /** The same of a quantity that has no noise: its values as they are. */
    public static String exact(String title, Series series) {
        return new Chart(title, thinned(List.of(series))).draw(false);
    }

    private static List<Series> thinned(List<Series> series) {
        return Series.drawn(series).stream().map(line -> line.thinned(POINTS)).toList();
    }

    private static DoubleStream values(Series series) {
        return IntStream.range(0, series.size()).mapToDouble(series::value);
    }

    private String draw(boolean noisy) {
        svg.append("<div class=\"chart\"><p>%s</p><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">"
                .formatted(title, WIDTH, named() ? HEIGHT + LEGEND : HEIGHT, title.replaceAll("<[^>]*>", "")));
        for (double value = low; value < low + span + tick / 2; value += tick) {
            svg.append(String.format(
                    Locale.ROOT,
                    "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" class=\"grid\"/><text x=\"%d\" y=\"%.1f\" class=\"axis\" text-anchor=\"end\">%s</text>",
                    LEFT,
                    WIDTH - RIGHT,
                    y(value),
                    y(value),
                    LEFT - 6,
                    y(value) + 4,
                    label(value)));
        }
        stepAxis();
        marks();
        for (int i = 0; noisy && i < lines.size(); i++) {
            line(lines.get(i), "raw c" + i % COLORS);
        }
        for (int i = 0; i < lines.size(); i++) {
            line(noisy ? lines.get(i).smooth() : lines.get(i), "smooth c" + i % COLORS);
        }
        legend();
        return svg.append("</svg></div>").toString();
    }

    /** Round numbers of steps, as far as they do not come too close to the last one, which is labeled too. */
    private void stepAxis() {
        int apart = (int) Math.max(1, tick(steps));
        for (int step = 0; step < steps - apart * 2 / 3; step += apart) {
            stepLabel(step, step == 0 ? "start" : "middle", String.format(Locale.ROOT, "%,d", step));
        }
        stepLabel(steps, "end", String.format(Locale.ROOT, "%,d steps", steps));
    }

    private void stepLabel(int step, String anchor, String text) {
        svg.append(String.format(
                Locale.ROOT,
                "<text x=\"%.1f\" y=\"%d\" class=\"axis\" text-anchor=\"%s\">%s</text>",
                x(step),
                HEIGHT - 8,
                anchor,
                text));
    }

    /** Where lines begin that begin later than others. */
    private void marks() {
        for (int i = 0; i < lines.size(); i++) {
            int first = lines.get(i).step(0);
            if (lines.size() > 1 && first > LATE * steps) {
                svg.append(String.format(
                        Locale.ROOT,
                        "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" %s c%d\"/>",
                        x(first),
                        x(first),
                        TOP,
                        HEIGHT - BOTTOM,
                        MARK,
                        i % COLORS));
            }
        }
    }

    private String label(double value) {
        // What adding up ticks has left of a zero would be shown as a tiny number.
        double exact = Math.abs(value) < tick / 1000 ? 0 : value;
        if (exact != 0 && (Math.abs(exact) >= 1e4 || Math.abs(exact) < 1e-3)) {
            // As short as the margin is wide: 6e-4, 2.5e-4.
            return String.format(Locale.ROOT, "%.1e", exact).replace(".0e", "e").replaceFirst("e([+-])0", "e$1");
        }
        return BigDecimal.valueOf(exact)
                .round(new MathContext(4))
                .stripTrailingZeros()
                .toPlainString();
    }

    /** Below the axis, where no line is. */
    private void legend() {
        for (int i = 0; named() && i < lines.size(); i++) {
            svg.append("<text x=\"%d\" y=\"%d\" class=\"legend c%d\">%s</text>"
                    .formatted(
                            LEFT + i * (WIDTH - LEFT - RIGHT) / lines.size(),
                            HEIGHT + 8,
                            i % COLORS,
                            Html.escape(lines.get(i).name())));
        }
    }

    private boolean named() {
        return lines.stream().anyMatch(line -> !line.name().isEmpty());
    }

    /** The distance of lines: 1, 2 or 5 times a power of ten, so that there are about four. */
    private static double tick(double range) {
        double rough = range / 4;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double times = rough / power;
        return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
    }

    private void line(Series series, String style) {
        List<String> points = new ArrayList<>();
        for (int i = 0; i < series.size(); i++) {
            points.add(String.format(Locale.ROOT, "%.1f,%.1f", x(series.step(i)), y(series.value(i))));
        }
        svg.append("<polyline class=\"%s\" points=\"%s\"/>".formatted(style, String.join(" ", points)));
    }

    private double x(int step) {
        return LEFT + (double) step / Math.max(1, steps) * (WIDTH - LEFT - RIGHT);
    }

    private double y(double value) {
        return HEIGHT - BOTTOM - (value - low) / span * (HEIGHT - BOTTOM - TOP);
    }
}
