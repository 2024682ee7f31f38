// Selective labels with a uniform unobservable, as its authors parametrise it: coefficients of risk and of the deviation of testing
// from risk, the prevalence as a quadratic penalty. Their published formulas (Balachandar, Garg & Pierson 2024), in our own writing.
data {
  int<lower=1> N;
  int<lower=1> D;                     // with the column of ones
  matrix[N, D] x;
  int<lower=1> F;
  array[F] int<lower=1, upper=D> free;  // where testing may deviate
  array[N] int<lower=0, upper=1> tested;
  array[N] int<lower=0, upper=1> outcome;
  real prevalence;
  real<lower=0> weight;
}
parameters {
  vector[D] risk;
  vector[F] policy;
  real<lower=0> sigma;
}
model {
  vector[N] a = x * risk;
  vector[N] d = x[, free] * policy;
  real implied = 0;
  risk ~ normal(0, 3);
  policy ~ normal(0, 3);
  sigma ~ normal(0, 3);
  for (i in 1:N) {
    real b = a[i] + d[i];
    real up_a = log1p_exp(a[i] + sigma) - log1p_exp(a[i]);
    real up_b = log1p_exp(b + sigma) - log1p_exp(b);
    implied += up_a / sigma;
    if (tested[i] == 0)
      target += log((log1p_exp(-b) - log1p_exp(-b - sigma)) / sigma);
    else if (outcome[i] == 0)
      target += log((up_b - up_a) / (-expm1(-d[i]) * sigma));
    else
      target += log((up_a - exp(-d[i]) * up_b) / (-expm1(-d[i]) * sigma));
  }
  target += -weight * square(implied / N - prevalence);
}
