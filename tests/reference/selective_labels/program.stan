// Selective labels with a uniform unobservable, Z integrated out by quadrature.
//
//   r_i = b0 + x_i'b + Z_i,  Z_i ~ Uniform(0, sigma)
//   Y_i ~ Bernoulli(logistic(r_i)),  seen only where T_i = 1
//   T_i ~ Bernoulli(logistic(r_i + d0 + x_i'd)),  d_j = 0 on expertise features
//
// Every density is added with its constants, so that log_prob can be compared
// with an outside evaluation.
functions {
  // mean_i E[logistic(b0 + xb_i + Z)]: the prevalence the parameters imply.
  real prevalence(real b0, vector xb, real sigma, vector node, vector weight) {
    real total = 0;
    for (k in 1 : num_elements(node)) {
      total += weight[k] * mean(inv_logit(b0 + sigma * node[k] + xb));
    }
    return total;
  }

  // d prevalence / d b0, using logistic' = logistic (1 - logistic).
  real prevalence_slope(real b0, vector xb, real sigma, vector node,
                        vector weight) {
    real total = 0;
    for (k in 1 : num_elements(node)) {
      vector[num_elements(xb)] p = inv_logit(b0 + sigma * node[k] + xb);
      total += weight[k] * mean(p .* (1 - p));
    }
    return total;
  }

  // Zero where the implied prevalence is `known`. On the logit scale it is
  // nearly linear in the centre, so a root search needs few steps.
  vector prevalence_gap(vector centre, vector xb, real sigma, vector node,
                        vector weight, real known) {
    real implied = prevalence(centre[1] - sigma / 2, xb, sigma, node, weight);
    return [logit(implied) - logit(known)]';
  }

  // log P(T = 0 | x), with s = b0 + x'(b + d) + d0.
  real log_untested(real s, vector z, vector log_weight) {
    return log_sum_exp(log_weight + log_inv_logit(-s - z));
  }

  // log P(T = 1, Y = y | x), with sign = 2y - 1.
  real log_tested(real r, real s, int sign, vector z, vector log_weight) {
    return log_sum_exp(log_weight + log_inv_logit(s + z)
                       + log_inv_logit(sign * (r + z)));
  }

  // P(Y = 1 | T = 0, x).
  real untested_risk(real r, real s, vector z, vector log_weight) {
    vector[num_elements(z)] lt = log_weight + log_inv_logit(-s - z);
    return exp(log_sum_exp(lt + log_inv_logit(r + z)) - log_sum_exp(lt));
  }
}
data {
  int<lower=0, upper=2> knowledge; // 0: absent, 1: Beta, 2: exact
  int<lower=1> N;
  int<lower=1> D;
  matrix[N, D] x;
  array[N] int<lower=0, upper=1> tested;
  array[N] int<lower=0, upper=1> outcome; // ignored where tested = 0
  int<lower=0, upper=D> F;
  array[F] int<lower=1, upper=D> free; // features without expertise
  real<lower=0, upper=1> m; // known prevalence: Beta mean, or the exact value
  real<lower=0> s; // sd of the Beta
  int<lower=1> K;
  vector[K] node; // Gauss-Legendre on (0, 1)
  vector[K] weight; // summing to 1
}
transformed data {
  vector[K] log_weight = log(weight);
  real nu = m * (1 - m) / square(s) - 1;
}
parameters {
  // Sampled in coordinates that straighten the ridge between sigma and the rest;
  // every step back to (b0, b, d0, d) is a shear, so no Jacobian is owed.
  vector[knowledge == 2 ? 0 : 1] level; // b0 + sigma / 2 + 0.03 sigma^2
  vector[D] b;
  real t0; // d0 + b0 + sigma / 2: the decision's intercept at the middle Z
  vector[F] t_free; // d + b on the free features: the decision's slopes
  // sigma = |v|. The centred model is even in v, so zero is no boundary to v and
  // small sigma no long tail, as it would be for log(sigma).
  real v;
}
transformed parameters {
  real sigma = abs(v);
  real b0;
  if (knowledge == 2) {
    vector[N] xb = x * b;
    // Powell's method, since httpstan does not link the library behind Newton's.
    vector[1] centre = solve_powell_tol(prevalence_gap,
                                        [logit(m) - mean(xb)]', 1e-12, 1e-12,
                                        200, xb, sigma, node, weight, m);
    b0 = centre[1] - sigma / 2;
  } else {
    b0 = level[1] - 0.03 * square(sigma) - sigma / 2;
  }
  real d0 = t0 - b0 - sigma / 2;
  vector[F] d_free = t_free - b[free];
}
model {
  vector[N] xb = x * b;
  vector[N] r = b0 + xb;
  vector[N] t = r + d0;
  vector[K] z = sigma * node;
  if (F > 0) {
    t += x[ : , free] * d_free;
  }

  target += normal_lpdf(b | 0, 3);
  target += normal_lpdf(d0 | 0, 3);
  target += normal_lpdf(d_free | 0, 3);
  target += normal_lpdf(v | 0, 3); // folds to the half-Normal on sigma
  if (knowledge == 0) {
    target += normal_lpdf(b0 | 0, 3);
  } else if (knowledge == 1) {
    // The prior is on the prevalence alone; b0 only stands in for it.
    target += beta_lpdf(prevalence(b0, xb, sigma, node, weight) |
                        m * nu, (1 - m) * nu);
    target += log(prevalence_slope(b0, xb, sigma, node, weight));
  }

  for (i in 1 : N) {
    if (tested[i]) {
      target += log_tested(r[i], t[i], 2 * outcome[i] - 1, z, log_weight);
    } else {
      target += log_untested(t[i], z, log_weight);
    }
  }
}
generated quantities {
  real log_sigma = log(sigma);
  real pi;
  real untested = 0; // mean P(Y = 1 | T = 0, x) over the untested rows
  {
    vector[N] xb = x * b;
    vector[N] r = b0 + xb;
    vector[N] t = r + d0;
    vector[K] z = sigma * node;
    if (F > 0) {
      t += x[ : , free] * d_free;
    }
    pi = prevalence(b0, xb, sigma, node, weight);
    for (i in 1 : N) {
      if (!tested[i]) {
        untested += untested_risk(r[i], t[i], z, log_weight);
      }
    }
    untested /= N - sum(tested);
  }
}
