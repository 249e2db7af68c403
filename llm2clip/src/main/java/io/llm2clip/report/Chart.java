package io.llm2clip.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;

/** A line chart as inline SVG: values by step, drawn pale, and their running mean over them. */
public final class Chart {
    private static final int WIDTH = 340;
    private static final int HEIGHT = 190;
    private static final int LEFT = 44;
    private static final int BOTTOM = 26;
    private static final int TOP = 26;
    private static final int RIGHT = 10;
    /** Points of a line, more of which would be closer than a pixel. */
    private static final int POINTS = 300;
    /** Lines that have a color of their own. */
    private static final int COLORS = 4;

    private final String title;
    private final List<Series> lines;
    private final int steps;
    private final double low;
    private final double span;
    private final double tick;
    private final StringBuilder svg = new StringBuilder();

    private Chart(String title, List<Series> lines) {
        this.title = Html.escape(title);
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
     * The chart as an element {@code svg}; its axis begins and ends at round numbers.
     *
     * @param series lines, with a legend if they have names
     */
    public static String of(String title, List<Series> series) {
        List<Series> lines =
                Series.drawn(series).stream().map(line -> line.thinned(POINTS)).toList();
        return new Chart(title, lines).draw();
    }

    private static DoubleStream values(Series series) {
        return IntStream.range(0, series.size()).mapToDouble(series::value);
    }

    private String draw() {
        svg.append("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">".formatted(WIDTH, HEIGHT, title));
        svg.append("<text x=\"%d\" y=\"16\" class=\"title\">%s</text>".formatted(LEFT, title));
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
        svg.append("<text x=\"%d\" y=\"%d\" class=\"axis\">0</text>".formatted(LEFT, HEIGHT - 8));
        svg.append("<text x=\"%d\" y=\"%d\" class=\"axis\" text-anchor=\"end\">%d steps</text>"
                .formatted(WIDTH - RIGHT, HEIGHT - 8, steps));
        for (int i = 0; i < lines.size(); i++) {
            line(lines.get(i), "raw c" + i % COLORS);
        }
        for (int i = 0; i < lines.size(); i++) {
            line(lines.get(i).smooth(), "smooth c" + i % COLORS);
        }
        legend();
        return svg.append("</svg>").toString();
    }

    private String label(double value) {
        // What adding up ticks has left of a zero would be shown as a tiny number.
        double exact = Math.abs(value) < tick / 1000 ? 0 : value;
        if (exact != 0 && (Math.abs(exact) >= 1e4 || Math.abs(exact) < 1e-3)) {
            return String.format(Locale.ROOT, "%.1e", exact);
        }
        return BigDecimal.valueOf(exact)
                .round(new MathContext(4))
                .stripTrailingZeros()
                .toPlainString();
    }

    private void legend() {
        int y = TOP + 10;
        for (int i = 0; i < lines.size(); i++) {
            String name = lines.get(i).name();
            if (!name.isEmpty()) {
                svg.append("<text x=\"%d\" y=\"%d\" class=\"legend c%d\" text-anchor=\"end\">%s</text>"
                        .formatted(WIDTH - RIGHT, y, i % COLORS, Html.escape(name)));
                y += 14;
            }
        }
    }

    /** The distance of lines: 1, 2 or 5 times a power of ten, so that there are about four. */
    private static double tick(double range) {
        double rough = range / 4;
        double power = Math.pow(10, Math.floor(Math.log10(rough)));
        double times = rough / power;
        return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
    }

    private void line(Series series, String style) {
        StringBuilder points = new StringBuilder();
        for (int i = 0; i < series.size(); i++) {
            double x = LEFT + (double) series.step(i) / Math.max(1, steps) * (WIDTH - LEFT - RIGHT);
            points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, y(series.value(i))));
        }
        svg.append("<polyline class=\"%s\" points=\"%s\"/>"
                .formatted(style, points.toString().strip()));
    }

    private double y(double value) {
        return HEIGHT - BOTTOM - (value - low) / span * (HEIGHT - BOTTOM - TOP);
    }
}
